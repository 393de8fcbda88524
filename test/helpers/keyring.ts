import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { missingPrograms, run } from './commands.ts';
import { tempDir } from './temp.ts';

/** A D-Bus session with an unlocked gnome-keyring of its own. */
export interface Keyring extends AsyncDisposable {
  /** Variables by which a program finds the session. */
  readonly env: Readonly<Record<string, string>>;
}

/** Why there can be none here, keytar included; `undefined` when there can. */
export async function keyringProblem(): Promise<string | undefined> {
  const missing = missingPrograms('dbus-run-session', 'gnome-keyring-daemon');
  if (missing !== undefined) return missing;
  const load = ['--input-type=module', '-e', "await import('keytar')"];
  const loaded = await run(process.execPath, load, { env: { PATH: process.env['PATH'] } });
  return loaded.code === 0 ? undefined : 'the optional package keytar is not built here';
}

const START = `
printf 'keyring\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
echo "bus=$DBUS_SESSION_BUS_ADDRESS"
exec cat
`;

export async function startKeyring(): Promise<Keyring> {
  const dir = await tempDir();
  const runtime = dir.join('run');
  await mkdir(runtime, { mode: 0o700 });
  const child = spawn('dbus-run-session', ['--', 'sh', '-c', START], {
    env: { PATH: process.env['PATH'], HOME: dir.path, XDG_RUNTIME_DIR: runtime },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const bus = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('close', () => reject(new Error('the D-Bus session ended at once')));
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const address = /^bus=(.+)$/mu.exec(text)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
  return {
    env: { DBUS_SESSION_BUS_ADDRESS: bus },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      await dir[Symbol.asyncDispose]();
    },
  };
}
