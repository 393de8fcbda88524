// Unpacks programs of Debian sid and their libraries without installing them: Debian 12 has skopeo 1.9.3, Docker 20.10.
// skopeo's system tests are in its source packages.
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
import { dirname, join } from 'node:path';

const SKOPEO = ['skopeo', 'libc6', 'libgpgme45', 'libassuan9', 'libgpg-error0', 'libsqlite3-0'];
const DOCKER = [
  'docker.io',
  'containerd',
  'runc',
  'libc6',
  'libsystemd0',
  'libcap2',
  'libseccomp2',
];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const SOURCES = '/etc/apt';

/** Downloads to `work`, unpacks below `home`, returns the path of a script that starts skopeo. */
export function unpackSkopeo(_peer, work, home) {
  const root = unpack(SKOPEO, work, join(home, 'skopeo'));
  const script = writeScript(join(work, 'start'), root, 'usr/bin/skopeo');
  call(script, ['--version']);
  return script;
}

/** The same for dockerd, which starts the containerd that it finds on its PATH. */
export function unpackDocker(_peer, work, home) {
  const root = unpack(DOCKER, work, join(home, 'docker-engine'));
  const programs = join(root, 'start');
  mkdirSync(programs);
  writeScript(join(programs, 'containerd'), root, 'usr/bin/containerd');
  writeScript(join(programs, 'runc'), root, 'usr/sbin/runc');
  const script = writeScript(join(work, 'start'), root, 'usr/sbin/dockerd', programs);
  call(script, ['--version']);
  call(join(programs, 'containerd'), ['--version']);
  return script;
}

/** Returns the folder `systemtest` of skopeo's source in a release of Debian. */
export function unpackSkopeoTests({ version }, work) {
  const apt = aptOptions(work, 'deb-src', version);
  call('apt-get', [...apt, 'update', '-qq']);
  // Without this option it takes the version of the installed package.
  const source = ['-o', 'APT::Get::Only-Source=true', 'source', '--download-only', '-qq', 'skopeo'];
  call('apt-get', [...apt, ...source], work);
  const tar = readdirSync(work).find((name) => name.includes('.orig.tar'));
  if (tar === undefined) throw new Error(`no source of skopeo in ${version}`);
  call('tar', ['-xf', tar, '--strip-components=1', '--wildcards', '*/systemtest'], work);
  return join(work, 'systemtest');
}

/** Downloads the packages to `work`, unpacks them to `kept` and returns it. */
function unpack(packages, work, kept) {
  const apt = aptOptions(work, 'deb', 'sid');
  call('apt-get', [...apt, 'update', '-qq']);
  call('apt-get', [...apt, 'download', '-qq', ...packages], work);
  const root = join(work, 'root');
  mkdirSync(root);
  for (const name of readdirSync(work).filter((entry) => entry.endsWith('.deb')))
    call('dpkg', ['-x', join(work, name), root]);
  rmSync(kept, { recursive: true, force: true });
  renameSync(root, kept);
  return kept;
}

/** A script that starts a program with sid's own loader and C library, which differ from this machine's. */
function writeScript(file, root, program, programs) {
  const files = readdirSync(root, { recursive: true }).map((name) => join(root, name));
  const loader = files.find((name) => /\/ld-linux[^/]*\.so\.\d+$/.test(name));
  const libraries = files.find((name) => name.endsWith('/libc.so.6'));
  if (loader === undefined || libraries === undefined) throw new Error('no C library in libc6');
  const path = programs === undefined ? '' : `PATH="${programs}:$PATH" `;
  const start = `exec "${loader}" --library-path "${dirname(libraries)}" "${join(root, program)}" "$@"`;
  writeFileSync(file, `#!/bin/sh\n${path}${start}\n`);
  chmodSync(file, 0o755);
  return file;
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

function aptOptions(work, type, release) {
  const sources = join(work, 'sources.list');
  mkdirSync(join(work, 'lists/partial'), { recursive: true });
  mkdirSync(join(work, 'cache/archives/partial'), { recursive: true });
  writeFileSync(sources, `${type} [signed-by=${KEYRING}] ${mirror()} ${release} main\n`);
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
