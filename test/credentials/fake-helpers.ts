import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  HelperCall,
  HelperOutcome,
  RunHelper,
} from '../../src/credentials/helpers/process.ts';

const ok = (stdout = ''): HelperOutcome => ({ status: 0, stdout, stderr: '' });

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
): { readonly run: RunHelper; readonly calls: HelperCall[] } {
  const calls: HelperCall[] = [];
  const run: RunHelper = async (call) => {
    calls.push(call);
    const vault = vaults[call.program.replace('docker-credential-', '')];
    return vault === undefined ? undefined : answer(call, vault);
  };
  return { run, calls };
}

function answer(
  { verb, stdin }: HelperCall,
  vault: Record<string, { Username: string; Secret: string }>,
): HelperOutcome {
  switch (verb) {
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
      if (verb === 'erase') delete vault[stdin];
      return ok(verb === 'get' ? JSON.stringify({ ServerURL: stdin, ...login }) : '');
    }
    default:
      return verb satisfies never;
  }
}

export async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8')) as unknown;
}

/** `user:password` as the `auth` field has it. */
export const basic = (text: string): string => Buffer.from(text).toString('base64');
