import { AppError } from '../../errors/app-error.ts';
import { parseDockerConfig, type AuthEntry } from './config-json.ts';
import { configInvalid, isJsonObject, type JsonObject, type JsonValue } from '../files/json.ts';

const NAME = 'DOCKER_AUTH_CONFIG';

/**
 * Credentials of the variable DOCKER_AUTH_CONFIG. The form is strict, as in Docker:
 * `{"auths": {"host": {"auth": "base64"}}}` and nothing else. A bad value is warned about and
 * ignored, so that a broken CI variable does not stop anonymous work.
 */
export function parseDockerAuthConfig(
  text: string | undefined,
  warn: (text: string) => void,
): ReadonlyMap<string, AuthEntry> {
  if (text === undefined || text.trim() === '') return new Map();
  try {
    const config = parseDockerConfig(text, NAME);
    checkStrict(config.raw);
    return config.auths;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    warn(`ignoring ${error.message}`);
    return new Map();
  }
}

function checkStrict(raw: JsonObject): void {
  const auths = raw['auths'];
  onlyKeys(raw, 'auths', 'the document');
  if (!isJsonObject(auths)) throw configInvalid(NAME, 'auths must be an object');
  for (const [host, entry] of Object.entries(auths)) {
    const where = `auths[${JSON.stringify(host)}]`;
    onlyKeys(entry, 'auth', where);
    if (!isJsonObject(entry) || typeof entry['auth'] !== 'string' || entry['auth'] === '') {
      throw configInvalid(NAME, `${where}.auth is missing`);
    }
  }
}

function onlyKeys(value: JsonValue, allowed: string, where: string): void {
  const extra = isJsonObject(value) ? Object.keys(value).find((key) => key !== allowed) : undefined;
  if (extra !== undefined) {
    throw configInvalid(NAME, `${where} may hold "${allowed}" only, not ${JSON.stringify(extra)}`);
  }
}
