// The programs measured and how each is told to do the same job. A missing verb is not measured.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { find } from './find.mjs';

const BIN = join(import.meta.dirname, '../../bin/regctl.js');

const parent = (path) => path.slice(0, path.lastIndexOf('/'));
const hostOf = (ref) => ref.slice(0, ref.indexOf('/'));

/** The first of the versions of Node.js has no number in its name. */
function ours({ major, path }, isMain) {
  const run = (...args) => [path, BIN, ...args];
  const mark = isMain ? '' : ` (${major})`;
  return {
    name: `regctl${mark}`,
    isOurs: true,
    bare: { name: `node -e 0${mark}`, argv: [path, '-e', '0'] },
    version: () => run('--version'),
    help: () => run('--help'),
    tags: (repo) => run('tags', repo),
    inspect: (ref) => run('inspect', '--no-tags', ref),
    digest: (ref) => run('digest', ref),
    remove: (ref) => run('delete', '--yes', '--force', ref),
    copy: (from, to) => run('copy', from, to),
    copySecure: (from, to) => run('copy', '--tls-verify=false', from, to),
    copyTags: (from, to) => run('copy', '--all-tags', from, to),
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
    copySecure: (from, to) => run('copy', '--all', ...plain, `docker://${from}`, `docker://${to}`),
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
    digest: (ref) => run('digest', ref),
    remove: (ref) => run('delete', ref),
    copySecure: (from, to) => run('copy', '--insecure', from, to),
    retag: (from, tag) => run('tag', from, tag),
    copyTags: (from, to) => run('copy', '-a', from, to),
    fromLayout: (dir, _tag, to) => run('push', dir, to),
    toLayout: (from, dir) => run('pull', '--format', 'oci', from, dir),
  };
}

function regclient(file) {
  const hostsBy = (tls, refs) =>
    [...new Set(refs.map(hostOf))].flatMap((host) => ['--host', `reg=${host},tls=${tls}`]);
  const hosts = (...refs) => hostsBy('disabled', refs);
  const copy = (from, to, at = [from, to]) => [file, ...hosts(...at), 'image', 'copy', from, to];
  return {
    name: 'regclient',
    version: () => [file, 'version'],
    tags: (repo) => [file, ...hosts(repo), 'tag', 'ls', repo],
    inspect: (ref) => [file, ...hosts(ref), 'image', 'inspect', ref],
    remove: (ref) => [file, ...hosts(ref), 'manifest', 'delete', ref],
    copy,
    copySecure: (from, to) => [file, ...hostsBy('insecure', [from, to]), 'image', 'copy', from, to],
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
    remove: (ref) => run('manifest', 'delete', '--force', '--plain-http', ref),
    copy: (from, to) => run('cp', '--from-plain-http', '--to-plain-http', from, to),
    copySecure: (from, to) => run('cp', '--from-insecure', '--to-insecure', from, to),
    retag: (from, tag) => run('tag', '--plain-http', from, tag),
    fromLayout: (dir, tag, to) =>
      run('cp', '--from-oci-layout', '--to-plain-http', `${dir}:${tag}`, to),
    toLayout: (from, dir, tag) =>
      run('cp', '--from-plain-http', '--to-oci-layout', from, `${dir}:${tag}`),
    toArchive: (from, to) => run('backup', '--plain-http', '--output', to, from),
  };
}

/** regclient's program has our name, so it is looked for under another. */
const PEERS = { skopeo, crane, regclient, oras };

/** regctl on each version of Node.js, then its peers. */
export function findTools(nodes) {
  const peers = Object.entries(PEERS).flatMap(([name, make]) => {
    const file = find(name);
    return file === undefined ? [] : [{ ...make(file), file }];
  });
  return [...nodes.map((node, at) => ours(node, at === 0)), ...peers];
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
