import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  HelperRequest,
  HelperResult,
  RunHelper,
} from '../../src/credentials/helpers/process.ts';

const ok = (stdout = ''): HelperResult => ({ status: 0, stdout, stderr: '' });

/** A scripted docker-credential-NAME in `folder`; returns its path. */
export async function putHelper(folder: string, name: string, script: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** A helper in memory: one vault per program, and the calls it got. */
export function memoryHelpers(
  vaults: Record<string, Record<string, { Username: string; Secret: string }>>,
): { readonly run: RunHelper; readonly calls: HelperRequest[] } {
  const calls: HelperRequest[] = [];
  const run: RunHelper = async (request) => {
    calls.push(request);
    const vault = vaults[request.program.replace('docker-credential-', '')];
    return vault === undefined ? undefined : answer(request, vault);
  };
  return { run, calls };
}

function answer(
  { action, stdin }: HelperRequest,
  vault: Record<string, { Username: string; Secret: string }>,
): HelperResult {
  switch (action) {
    case 'list':
      return ok(
        JSON.stringify(
          Object.fromEntries(Object.entries(vault).map(([key, login]) => [key, login.Username])),
        ),
      );
    case 'store': {
      const { ServerURL, Username, Secret } = JSON.parse(stdin) as Record<string, string>;
      vault[ServerURL ?? ''] = { Username: Username ?? '', Secret: Secret ?? '' };
      return ok();
    }
    case 'get':
    case 'erase': {
      const login = vault[stdin];
      if (login === undefined) {
        const stdout = 'credentials not found in native keychain\n';
        return { status: 1, stdout, stderr: '' };
      }
      if (action === 'erase') delete vault[stdin];
      return ok(action === 'get' ? JSON.stringify({ ServerURL: stdin, ...login }) : '');
    }
    default:
      return action satisfies never;
  }
}

export async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8')) as unknown;
}

/** `user:password` as the `auth` field has it. */
export const basic = (text: string): string => Buffer.from(text).toString('base64');
