import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runInProcess } from '../e2e/in-process.ts';
import { run, type Finished } from '../helpers/commands.ts';
import { missingPeers, peer } from '../helpers/peers.ts';
import { tempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';
import { build, workdir } from '../vectors/lines/fixtures.mjs';
import { listen, type Store } from '../vectors/lines/registry.mjs';
import { digestOf } from '../../src/oci/digest.ts';

const SRC = '--src-tls-verify=false docker://{reg}/lib';
const REGS = '--src-tls-verify=false --dest-tls-verify=false';

/** Each line, and what is compared after it: files, or names in the registry. */
const LINES: readonly (readonly [string, ...string[]])[] = [
  [`copy ${SRC}/hello:1 dir:out`, 'out'],
  [`copy ${SRC}/multi:1 dir:out`, 'out'],
  [`copy --all ${SRC}/multi:1 oci:out:1`, 'out'],
  [`copy --multi-arch=system ${SRC}/multi:1 oci:out:1`, 'out'],
  [`copy --multi-arch=index-only ${SRC}/multi:1 oci:out:1`, 'out'],
  [`--override-arch arm64 copy ${SRC}/multi:1 oci:out:1`, 'out'],
  [`--override-arch arm --override-variant v7 copy ${SRC}/multi:1 oci:out:1`, 'out'],
  // skopeo writes the configuration anew, so that only the types can be the same.
  [`copy --format oci ${SRC}/dock:1 dir:out`, 'types:out/manifest.json'],
  [`copy --format v2s2 ${SRC}/hello:1 dir:out`, 'types:out/manifest.json'],
  [`copy --dest-decompress ${SRC}/hello:1 dir:out`, 'out'],
  [`copy --dest-decompress ${SRC}/dock:1 dir:out`, 'out'],
  [`copy --dest-compress ${SRC}/hello:1 dir:out`, 'out'],
  [`copy --dest-shared-blob-dir blobs ${SRC}/hello:1 oci:out:1`, 'out', 'blobs'],
  [`copy --dest-oci-accept-uncompressed-layers ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --remove-signatures --preserve-digests ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --preserve-digests --dest-compress-format zstd ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --digestfile out ${SRC}/hello:1 oci:layout2:1`, 'out', 'layout2'],
  [`copy --image-parallel-copies 1 ${SRC}/hello:1 oci:out:1`, 'out'],
  [`copy --retry-times 2 --retry-delay 1s --tmpdir {w} ${SRC}/hello:1 oci:out:1`, 'out'],
  ['copy oci:layout:hello oci:out:1', 'out'],
  [`copy ${REGS} docker://{reg}/lib/hello:1 docker://{reg}/new/a:1`, '{reg}/new/a:1'],
  [`copy --all ${REGS} docker://{reg}/lib/multi:1 docker://{reg}/new/a:1`, '{reg}/new/a:1'],
  [
    `copy --dest-precompute-digests ${REGS} docker://{reg}/lib/hello:1 docker://{reg}/new/a:1`,
    '{reg}/new/a:1',
  ],
  ['copy --dest-tls-verify=false oci:layout:hello docker://{reg}/new/a:1', '{reg}/new/a:1'],
  ['inspect --tls-verify=false docker://{reg}/lib/hello:1'],
  ['inspect --tls-verify=false docker://{reg}/lib/multi:1'],
  ['--override-arch arm64 inspect --tls-verify=false docker://{reg}/lib/multi:1'],
  ['inspect --no-tags --tls-verify=false docker://{reg}/lib/dock:1'],
  ['inspect --raw --tls-verify=false docker://{reg}/lib/multi:1'],
  ['--override-arch arm64 inspect --raw --tls-verify=false docker://{reg}/lib/multi:1'],
  ['inspect --raw --config --tls-verify=false docker://{reg}/lib/hello:1'],
  ['inspect oci:layout:hello'],
  ['list-tags --tls-verify=false docker://{reg}/lib/base'],
  ['delete --tls-verify=false docker://{reg}/lib/wh:1', '{reg}/lib/wh:1'],
  ['manifest-digest manifest.json'],
  ['sync --src-tls-verify=false --src docker --dest dir --scoped {reg}/lib/hello:1 out', 'out'],
  [`sync ${REGS} --src docker --dest docker {reg}/lib/base {reg}/new`, '{reg}/new/base:1'],
  // Failures: the exit status is what scripts look at.
  ['copy --src-tls-verify=false docker://{reg}/lib/hello:none dir:out'],
  ['copy oci:layout:none dir:out'],
  ['inspect --tls-verify=false docker://{reg}/lib/notmyarch:1'],
  ['inspect {reg}/lib/hello:1'],
  ['copy --nope a b'],
  ['frobnicate'],
];

type Program = (
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) => Promise<Finished>;

const programs: Readonly<Record<'skopeo' | 'ours', Program>> = {
  skopeo: (args, options) => run(peer('skopeo') ?? '', args, options),
  ours: (args, options) => runInProcess(args, { ...options, program: '/usr/bin/skopeo' }),
};

/** Files below a path and what is in them; the manifests of layouts and directories as JSON. */
async function treeOf(path: string, host: string): Promise<unknown> {
  const names = await readdir(path, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (names === 'ENOTDIR') return contentOf(await readFile(path));
  if (!Array.isArray(names)) return undefined;
  const files = names.filter((one) => one.isFile() && one.name !== 'index.json');
  const entries = files.map(async ({ parentPath, name }) => {
    const file = join(parentPath, name);
    const shown = file.slice(path.length).replace(host, '{reg}');
    return [shown, contentOf(await readFile(file))] as const;
  });
  return Object.fromEntries((await Promise.all(entries)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The order of members and white space are each tool's own. */
function contentOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return digestOf(bytes);
  }
}

const typesIn = (json: string): readonly string[] => json.match(/"mediaType": ?"[^"]+"/gu) ?? [];

interface Outcome {
  readonly exit: number | null;
  readonly stdout: readonly string[];
  readonly after: readonly unknown[];
  readonly requests: number;
}

async function outcomeOf(
  program: Program,
  line: string,
  names: readonly string[],
): Promise<Outcome> {
  await using dir = await tempDir();
  const log: string[] = [];
  let store: Store | undefined;
  const lazy = new Proxy(
    {},
    {
      get: (_, key) => {
        const value: unknown = Reflect.get(store ?? {}, key);
        return typeof value === 'function' ? (value.bind(store) as unknown) : value;
      },
    },
  );
  const registry = await listen(lazy, { log });
  const host = `127.0.0.1:${registry.port}`;
  try {
    store = build(host);
    workdir(store, dir.path, host);
    await mkdir(dir.join('home/.config/containers'), { recursive: true });
    await writeFile(
      dir.join('home/.config/containers/policy.json'),
      '{"default":[{"type":"insecureAcceptAnything"}]}',
    );
    const fill = (text: string): string =>
      text.replaceAll('{reg}', host).replaceAll('{w}', dir.path);
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: dir.join('home'),
      XDG_RUNTIME_DIR: dir.join('home'),
      CONTAINERS_REGISTRIES_CONF: dir.join('empty.conf'),
      TMPDIR: dir.path,
    };
    const done = await program(fill(line).split(' '), { cwd: dir.path, env });
    const after = await Promise.all(
      names.map(async (name) =>
        name.startsWith('{reg}/')
          ? store?.get(name.slice('{reg}/'.length))?.digest
          : name.startsWith('types:')
            ? typesIn(await readFile(dir.join(name.slice('types:'.length)), 'utf8'))
            : treeOf(dir.join(name), host),
      ),
    );
    const masked = done.stdout.replaceAll(host, '{reg}').trimEnd().split('\n');
    return { exit: done.code, stdout: masked, after, requests: log.length };
  } finally {
    await registry.close();
  }
}

/** Lines whose output scripts read; what a copy prints comes in no order. */
const IS_READ = /\b(?:inspect|list-tags|manifest-digest)\b/u;

describeUnless(missingPeers('skopeo'), 'a line of skopeo, by regctl under its name', () => {
  it.each(LINES)('%s', async (line, ...names) => {
    const [theirs, ours] = await Promise.all([
      outcomeOf(programs.skopeo, line, names),
      outcomeOf(programs.ours, line, names),
    ]);
    expect(ours.exit).toBe(theirs.exit);
    expect(ours.after).toEqual(theirs.after);
    if (theirs.exit !== 0) return;
    if (IS_READ.test(line)) expect(ours.stdout).toEqual(theirs.stdout);
    // A delete looks first at which tags share the digest.
    if (!line.startsWith('delete')) expect(ours.requests).toBeLessThanOrEqual(theirs.requests);
  });
});
