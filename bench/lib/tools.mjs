// The programs measured and how each is told to do the same job. A missing verb is not measured.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

function find(name) {
  const path = `${process.env.BENCH_PEERS ?? ''}${delimiter}${process.env.PATH ?? ''}`;
  for (const dir of path.split(delimiter).filter(Boolean)) {
    const file = join(dir, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

const parent = (path) => path.slice(0, path.lastIndexOf('/'));
const hostOf = (ref) => ref.slice(0, ref.indexOf('/'));

function ours() {
  const run = (...args) => [process.execPath, BIN, ...args];
  const can = (flag) => {
    const help = spawnSync(process.execPath, [BIN, 'copy', '--help'], { encoding: 'utf8' });
    return help.stdout.includes(flag);
  };
  return {
    name: 'regctl',
    version: () => run('--version'),
    help: () => run('--help'),
    tags: (repo) => run('tags', repo),
    inspect: (ref) => run('inspect', '--no-tags', ref),
    copy: (from, to) => run('copy', from, to),
    ...(can('--all-tags') ? { copyTags: (from, to) => run('copy', '--all-tags', from, to) } : {}),
    fromLayout: (dir, tag, to) => run('copy', `oci:${dir}:${tag}`, to),
    toLayout: (from, dir, tag) => run('copy', from, `oci:${dir}:${tag}`),
    toArchive: (from, file) => run('copy', from, `oci-archive:${file}`),
  };
}

function skopeo(file) {
  const run = (...args) => [file, '--insecure-policy', ...args];
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  return {
    name: 'skopeo',
    version: () => [file, '--version'],
    tags: (repo) => run('list-tags', '--tls-verify=false', `docker://${repo}`),
    inspect: (ref) => run('inspect', '--no-tags', '--tls-verify=false', `docker://${ref}`),
    copy: (from, to) => run('copy', '--all', ...plain, `docker://${from}`, `docker://${to}`),
    // It appends the last part of the source's name, which every destination here ends in.
    copyTags: (from, to) =>
      run('sync', '--all', '--src', 'docker', '--dest', 'docker', ...plain, from, parent(to)),
    fromLayout: (dir, tag, to) =>
      run('copy', '--all', '--dest-tls-verify=false', `oci:${dir}:${tag}`, `docker://${to}`),
    toLayout: (from, dir, tag) =>
      run('copy', '--all', '--src-tls-verify=false', `docker://${from}`, `oci:${dir}:${tag}`),
    toArchive: (from, to) =>
      run('copy', '--all', '--src-tls-verify=false', `docker://${from}`, `oci-archive:${to}`),
  };
}

function crane(file) {
  const run = (...args) => [file, ...args];
  return {
    name: 'crane',
    version: () => run('version'),
    tags: (repo) => run('ls', repo),
    inspect: (ref) => run('config', ref),
    copy: (from, to) => run('copy', from, to),
    retag: (from, tag) => run('tag', from, tag),
    copyTags: (from, to) => run('copy', '-a', from, to),
    fromLayout: (dir, _tag, to) => run('push', dir, to),
    toLayout: (from, dir) => run('pull', '--format', 'oci', from, dir),
  };
}

function regclient(file) {
  const hosts = (...refs) =>
    [...new Set(refs.map(hostOf))].flatMap((host) => ['--host', `reg=${host},tls=disabled`]);
  const copy = (from, to, at = [from, to]) => [file, ...hosts(...at), 'image', 'copy', from, to];
  return {
    name: 'regclient',
    version: () => [file, 'version'],
    tags: (repo) => [file, ...hosts(repo), 'tag', 'ls', repo],
    inspect: (ref) => [file, ...hosts(ref), 'image', 'inspect', ref],
    copy,
    copyTags: (from, to) => [file, ...hosts(from, to), 'repo', 'copy', from, to],
    fromLayout: (dir, tag, to) => copy(`ocidir://${dir}:${tag}`, to, [to]),
    toLayout: (from, dir, tag) => copy(from, `ocidir://${dir}:${tag}`, [from]),
    toArchive: (from, to) => [file, ...hosts(from), 'image', 'export', from, to],
  };
}

function oras(file) {
  const run = (...args) => [file, ...args];
  return {
    name: 'oras',
    version: () => run('version'),
    tags: (repo) => run('repo', 'tags', '--plain-http', repo),
    inspect: (ref) => run('manifest', 'fetch-config', '--plain-http', ref),
    copy: (from, to) => run('cp', '--from-plain-http', '--to-plain-http', from, to),
    retag: (from, tag) => run('tag', '--plain-http', from, tag),
    fromLayout: (dir, tag, to) =>
      run('cp', '--from-oci-layout', '--to-plain-http', `${dir}:${tag}`, to),
    toLayout: (from, dir, tag) =>
      run('cp', '--from-plain-http', '--to-oci-layout', from, `${dir}:${tag}`),
    toArchive: (from, to) => run('backup', '--plain-http', '--output', to, from),
  };
}

/** regclient's program has our name, so it is looked for as `regclient-regctl`. */
const PEERS = { skopeo, crane, 'regclient-regctl': regclient, oras };

export function findTools() {
  const peers = Object.entries(PEERS).flatMap(([name, make]) => {
    const file = find(name);
    return file === undefined ? [] : [{ ...make(file), file }];
  });
  return [ours(), ...peers];
}

/** "skopeo version 1.9.3" → "1.9.3" */
export function versionOf(tool) {
  const [command, ...args] = tool.version();
  const done = spawnSync(command, args, { encoding: 'utf8' });
  const text = `${done.stdout}`;
  const found = /\bv?(\d+\.\d+\.\d+\S*)/u.exec(text)?.[1];
  if (found !== undefined) return found;
  const built = spawnSync('go', ['version', '-m', command], { encoding: 'utf8' });
  return /^\s+mod\s+\S+\s+v(\S+)/mu.exec(built.stdout ?? '')?.[1] ?? text.trim().split('\n')[0];
}
