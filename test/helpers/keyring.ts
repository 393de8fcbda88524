import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { missingPrograms, run } from './commands.ts';
import { tempDir } from './temp.ts';

/** A D-Bus session with an unlocked gnome-keyring of its own. */
export interface Keyring extends AsyncDisposable {
  /** Variables by which a program finds the session. */
  readonly env: Readonly<Record<string, string>>;
}

/** Why there can be none here, the package for it included; `undefined` when there can. */
export async function keyringProblem(): Promise<string | undefined> {
  const missing = missingPrograms('dbus-run-session', 'gnome-keyring-daemon');
  if (missing !== undefined) return missing;
  const load = ['--input-type=module', '-e', "await import('@napi-rs/keyring')"];
  const loaded = await run(process.execPath, load, {
    env: { PATH: process.env['PATH'] },
    cwd: import.meta.dirname,
  });
  return loaded.code === 0 ? undefined : 'the optional package @napi-rs/keyring is not installed';
}

const HELPER = join(import.meta.dirname, '../../bin/regctl.js');

const START = `
echo "bus=$DBUS_SESSION_BUS_ADDRESS"
exec cat
`;
const UNLOCK = `printf 'keyring\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null`;
/** A bus that can start no service. */
const BARE = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>`;

/**
 * `locked`: a login of `host` is made and locked, and there is no display to ask on. `none`: the
 * bus has no keyring and can start none.
 */
export async function startKeyring(
  kind: 'unlocked' | 'locked' | 'none' = 'unlocked',
  host = 'a.io',
): Promise<Keyring> {
  const dir = await tempDir();
  const runtime = dir.join('run');
  await mkdir(runtime, { mode: 0o700 });
  const env = { PATH: process.env['PATH'], HOME: dir.path, XDG_RUNTIME_DIR: runtime };
  if (kind === 'locked') {
    // The daemon ends with a session that it has answered in, and leaves the collection locked.
    const script = `${UNLOCK}; exec "$0" "$1" store`;
    const args = ['--', 'sh', '-c', script, process.execPath, HELPER];
    const login = JSON.stringify({ ServerURL: host, Username: 'u', Secret: 's' });
    const made = await run('dbus-run-session', args, { env, input: login });
    if (made.code !== 0) throw new Error(`no collection was made: ${made.stdout}`);
  }
  await writeFile(dir.join('bare.conf'), BARE);
  const config = kind === 'none' ? [`--config-file=${dir.join('bare.conf')}`] : [];
  const script = kind === 'unlocked' ? `${UNLOCK}${START}` : START;
  const child = spawn('dbus-run-session', [...config, '--', 'sh', '-c', script], {
    env,
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
