import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CLOSED_PORT } from '../helpers/ports.ts';
import { makeCertificates } from '../helpers/certificates.ts';
import { tempDir } from '../helpers/temp.ts';
import { runInProcess } from '../e2e/in-process.ts';
import { DIFFERENCES } from './recorded-differences.ts';
import {
  CONTENT,
  contentsOf,
  digestOfName,
  seed,
  startRecorded,
  type RecordedRegistry,
  type Repositories,
} from './recorded-registry.ts';
import { readVectors } from './vectors.ts';
import { Disposables } from '../../src/store/disposables.ts';

interface RecordedRun {
  readonly exit: number;
  readonly after?: Readonly<Record<string, Repositories>>;
  readonly needed?: readonly { readonly source: string; readonly target: string }[];
  readonly out?: Readonly<Record<string, { readonly manifest: string }>>;
  readonly digestfile?: readonly string[];
}

interface Case {
  readonly id: string;
  readonly title: string;
  readonly kind: 'regsync' | 'skopeo';
  readonly registries: Readonly<
    Record<
      string,
      {
        readonly auth?: boolean;
        readonly tls?: boolean;
        readonly validation?: boolean;
        readonly repos: Repositories;
      }
    >
  >;
  readonly file?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly dirs?: Readonly<Record<string, string>>;
  readonly runs: readonly {
    readonly args: readonly string[];
    readonly before?: Readonly<Record<string, Repositories>>;
    readonly stdin?: string;
  }[];
  readonly recorded: readonly { readonly runs: readonly RecordedRun[] }[];
  readonly expected?: {
    readonly exit?: number;
    readonly contents?: string;
    readonly runs?: readonly RecordedRun[];
  };
  readonly undecided?: string;
}

const cases = ['regsync', 'skopeo'].flatMap((kind) =>
  readdirSync(new URL(`../vectors/sync/${kind}/`, import.meta.url))
    .toSorted()
    .map((file) => readVectors(`${kind}/${file}`) as Case),
);

/** regsync's and skopeo's command lines as ours. */
function argsOf(kind: Case['kind'], args: readonly string[], file: string): string[] {
  const given = args.filter((arg) => arg !== '--insecure-policy');
  if (kind === 'skopeo') return given;
  const [verb, ...rest] = given;
  const named = rest.indexOf('--config');
  const from = named < 0 ? file : (rest[named + 1] ?? '');
  const others = rest.filter((_arg, i) => named < 0 || (i !== named && i !== named + 1));
  return ['sync', '--file', from, ...(verb === 'check' ? ['--check'] : []), ...others];
}

describe('what regsync and skopeo did', () => {
  const chosen = cases.filter(({ undecided }) => undecided === undefined);

  test.each(chosen.map((one) => [one.id, one.title, one] as const))(
    '%s: %s',
    async (id, _title, one) => {
      const difference = DIFFERENCES[id];
      await using stack = new Disposables();
      const folder = stack.use(await tempDir());
      const registries: Record<string, RecordedRegistry> = {};
      let certs = { ca: '', cert: '', key: '' };
      if (Object.values(one.registries).some(({ tls }) => tls === true)) {
        certs = stack.use(await makeCertificates());
        await mkdir(folder.join('certs'));
        await writeFile(folder.join('ca.pem'), certs.ca);
        await writeFile(folder.join('certs/ca.crt'), certs.ca);
      }
      for (const [name, { auth = false, tls, repos }] of Object.entries(one.registries)) {
        const registry = stack.use(
          await startRecorded({ auth, tls: tls === true ? certs : undefined }),
        );
        await seed(registry.storage, repos);
        registries[name] = registry;
      }
      const fill = (text: string): string =>
        text.replace(/@([A-Z0-9_]+)@/gu, (whole, name: string) => {
          const registry = registries[name];
          if (registry !== undefined) return registry.server.host.split(':')[1] ?? '';
          const paths: Record<string, string> = {
            CLOSED: String(CLOSED_PORT),
            FILE: folder.join('sync.yml'),
            DIR: folder.path,
            OUT: folder.join('out'),
            SRC_CA: folder.join('ca.pem'),
            SRC_CERTS: folder.join('certs'),
          };
          return paths[name] ?? whole;
        });
      await mkdir(folder.join('home'));
      await mkdir(folder.join('out'));
      if (one.file !== undefined) await writeFile(folder.join('sync.yml'), fill(one.file));
      for (const [name, text] of Object.entries(one.files ?? {}))
        await writeFile(folder.join(name), fill(text));
      for (const [path, object] of Object.entries(one.dirs ?? {}))
        await writeDirectory(folder.join(path), object);
      const env = Object.fromEntries(
        Object.entries(one.env ?? {}).map(([key, value]) => [key, fill(value)]),
      );
      const theirs = one.recorded[0]?.runs ?? [];
      for (const [i, { args, before, stdin }] of one.runs.entries()) {
        for (const [name, repos] of Object.entries(before ?? {})) {
          const registry = registries[name];
          if (registry !== undefined) await seed(registry.storage, repos);
        }
        const written =
          registries['TGT'] === undefined ? {} : await contentsOf(registries['TGT'].storage);
        const result = await runInProcess(
          [...argsOf(one.kind, args.map(fill), folder.join('sync.yml')), '--retry-times', '0'],
          {
            cwd: folder.path,
            env: { ...env, HOME: folder.join('home'), REGCTL_CACHE: 'off' },
            ...(stdin === undefined ? {} : { input: fill(stdin) }),
          },
        );
        const recorded = one.expected?.runs?.[i] ?? theirs[i];
        if (recorded === undefined) throw new Error('nothing recorded');
        const isCheck = args.includes('check');
        const wanted =
          difference?.exit?.[i] ??
          one.expected?.exit ??
          (isCheck && recorded.exit === 0
            ? (recorded.needed ?? []).length > 0
              ? 3
              : 0
            : recorded.exit);
        const about = `${result.stdout}\n${result.stderr}`;
        if (
          difference?.exit === undefined &&
          one.expected?.exit === undefined &&
          recorded.exit !== 0
        )
          expect(result.code, about).not.toBe(0);
        else expect(result.code, about).toBe(wanted);
        const target = registries['TGT'];
        if (target === undefined || difference?.contents === 'other') continue;
        const now = await contentsOf(target.storage);
        if (one.expected?.contents === 'unchanged') {
          expect(now, about).toEqual(written);
          continue;
        }
        const after = recorded.after?.['TGT'];
        if (
          after === undefined ||
          (one.expected?.contents !== undefined && one.expected.contents !== 'recorded')
        )
          continue;
        const tagsOf = Object.fromEntries(
          Object.entries(now)
            .map(([name, { tags }]) => [name, withoutFallback(tags)])
            .filter(([, tags]) => Object.keys(tags as object).length > 0),
        );
        const wantedTags = Object.fromEntries(
          Object.entries(after)
            .map(([name, { tags = {} }]) => [
              name,
              withoutFallback(
                Object.fromEntries(
                  Object.entries(tags).map(([tag, object]) => [tag, digestOfName(object)]),
                ),
              ),
            ])
            .filter(([, tags]) => Object.keys(tags as object).length > 0),
        );
        expect(tagsOf, about).toEqual(wantedTags);
        for (const [name, { untagged = [] }] of Object.entries(after)) {
          const missing = untagged.filter(
            (object) => now[name]?.manifests.has(digestOfName(object) as never) !== true,
          );
          expect(missing, `${name}: ${about}`).toEqual([]);
        }
        if (recorded.digestfile !== undefined) {
          const lines = (await readFile(folder.join('digests.txt'), 'utf8'))
            .trim()
            .split('\n')
            .toSorted();
          expect(lines).toEqual(recorded.digestfile.map(fill).toSorted());
        }
        for (const [path, { manifest }] of Object.entries(recorded.out ?? {})) {
          const raw = await readFile(
            join(folder.join('out'), fill(path), 'manifest.json'),
            'utf8',
          ).catch(() => '');
          const body = CONTENT.objects[manifest]?.body;
          if (body !== undefined) expect(raw, `${path}: ${about}`).toBe(body);
        }
      }
    },
  );
});

/** This registry has the referrers API, so nobody writes its tags. */
function withoutFallback<T>(tags: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(tags).filter(([tag]) => !/^sha256-[0-9a-f]{64}$/u.test(tag)),
  );
}

/** A `dir:` image as skopeo writes it. */
async function writeDirectory(path: string, name: string): Promise<void> {
  const object = CONTENT.objects[name];
  if (object === undefined) throw new Error(`no object: ${name}`);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'version'), 'Directory Transport Version: 1.1\n');
  await writeFile(join(path, 'manifest.json'), object.body);
  for (const digest of object.blobs ?? []) {
    const content = CONTENT.blobs[digest];
    if (content !== undefined)
      await writeFile(join(path, digest.replace('sha256:', '')), Buffer.from(content, 'base64'));
  }
}
