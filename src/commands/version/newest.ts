import { AppError } from '../../errors/app-error.ts';
import type { HttpClient } from '../../http/types.ts';
import { isRecord } from '../../util/json.ts';
import { collect } from '../../util/bytes.ts';
import type { CallOptions } from '../../util/abort.ts';

const MAX_BYTES = 1024 * 1024;
const NPM = 'https://registry.npmjs.org/';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Asks npm's registry, or the one that npm's own variable names, for the newest version. Sends
 * nothing about this machine but the User-Agent.
 * @throws AppError NETWORK
 */
export async function newestVersion(
  http: HttpClient,
  env: Env,
  options: CallOptions,
): Promise<string> {
  const base = env['npm_config_registry'] ?? NPM;
  const url = new URL('@regctl%2fcli/latest', base.endsWith('/') ? base : `${base}/`);
  const response = await http({ ...options, method: 'GET', url, bufferBody: true });
  const bytes = await collect(response.body, MAX_BYTES, () =>
    failed(url, 'the answer is too large'),
  );
  if (response.status !== 200) throw failed(url, `HTTP ${response.status}`);
  const found = parsed(bytes);
  if (found === undefined) throw failed(url, 'the answer names no version');
  return found;
}

function parsed(bytes: Uint8Array): string | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(bytes).toString());
    const version = isRecord(json) ? json['version'] : undefined;
    return typeof version === 'string' && /^\d+\.\d+\.\d+[\w.+-]*$/u.test(version)
      ? version
      : undefined;
  } catch {
    return undefined;
  }
}

function failed(url: URL, why: string): AppError {
  return new AppError('NETWORK', `cannot find the newest version: ${url.host} does not have it`, {
    why: [why],
  });
}
