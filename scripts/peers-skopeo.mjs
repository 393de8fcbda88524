// Unpacks Debian sid's skopeo and its libraries without installing them: Debian 12 has 1.9.3.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const PACKAGES = ['skopeo', 'libc6', 'libgpgme45', 'libassuan9', 'libgpg-error0', 'libsqlite3-0'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SOURCES = '/etc/apt';

/** Downloads to `work`, unpacks below `home`, returns the path of a script that starts skopeo. */
export function unpackSkopeo(peer, work, home) {
  const apt = aptOptions(work, mirror());
  call('apt-get', [...apt, 'update', '-qq']);
  call('apt-get', [...apt, 'download', '-qq', ...PACKAGES], work);
  const root = join(work, 'root');
  mkdirSync(root);
  for (const name of readdirSync(work).filter((entry) => entry.endsWith('.deb')))
    call('dpkg', ['-x', join(work, name), root]);
  const kept = join(home, 'skopeo');
  rmSync(kept, { recursive: true, force: true });
  renameSync(root, kept);
  const script = join(work, 'start');
  writeFileSync(script, startScript(kept));
  chmodSync(script, 0o755);
  call(script, ['--version']);
  return script;
}

/** Starts skopeo with sid's own loader and C library, which differ from this machine's. */
function startScript(root) {
  const files = readdirSync(root, { recursive: true }).map((name) => join(root, name));
  const loader = files.find((file) => /\/ld-linux[^/]*\.so\.\d+$/.test(file));
  const libraries = files.find((file) => file.endsWith('/libc.so.6'));
  if (loader === undefined || libraries === undefined) throw new Error('no C library in libc6');
  const folder = join(libraries, '..');
  return `#!/bin/sh\nexec "${loader}" --library-path "${folder}" "${join(root, 'usr/bin/skopeo')}" "$@"\n`;
}

/** The mirror in this machine's apt sources, in either of their two formats. */
function mirror() {
  const files = [
    'sources.list',
    ...list(join(SOURCES, 'sources.list.d')).map((name) => `sources.list.d/${name}`),
  ];
  for (const file of files) {
    for (const line of read(join(SOURCES, file)).split('\n')) {
      const found = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S+)/.exec(line)?.[1];
      if (found !== undefined && !found.includes('security')) return found;
    }
  }
  throw new Error('needs apt with a Debian mirror');
}

function aptOptions(work, uri) {
  const sources = join(work, 'sid.list');
  mkdirSync(join(work, 'lists/partial'), { recursive: true });
  mkdirSync(join(work, 'cache/archives/partial'), { recursive: true });
  writeFileSync(sources, `deb [signed-by=${KEYRING}] ${uri} sid main\n`);
  const options = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

function call(program, args, cwd) {
  const done = spawnSync(program, args, { encoding: 'utf8', cwd });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0)
    throw new Error(done.stderr.trim().split('\n').at(-1) ?? `${program} failed`);
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
