import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isDigest, shortDigest, type Digest } from '../../oci/digest.ts';
import type { ReadStore } from '../../store/types.ts';
import { isDigestTag } from '../../tags/digest-tags.ts';
import { tagListerOf, tagsWithDigest } from '../../tags/find.ts';
import { compareVersions, startsLikeVersion } from '../../tags/order.ts';
import { findSuccessors } from '../../tags/successors.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readNames } from '../input/image-list.ts';
import { readFlag, readText } from '../input/read.ts';
import { renderTable } from '../output/table.ts';
import type { Result, Style } from '../result.ts';
import type { Input } from '../types.ts';
import { runBase } from './base.ts';

type OutdatedContext = Pick<Context, 'cwd' | 'flags' | 'locate' | 'openRead' | 'terminal' | 'warn'>;

type Tagged = Location & { readonly tag: string };

/** An image in the JSON. */
interface Report {
  readonly Image: string;
  readonly Digest: Digest;
  /** Other tags with the same digest, among those that were looked up. */
  readonly Same: readonly string[];
  /** The most exact version of that digest; `null` if it has none. */
  readonly Version: string | null;
  readonly NewestInMajor: string | null;
  readonly Newest: string | null;
  readonly Outdated: boolean;
}

/** Maximum number of tags to compare digests with: one HEAD each. */
const MAX_LOOKS = 100;

/** Checks whether newer versions of images exist. @throws AppError USAGE, MANIFEST_UNKNOWN */
export async function run(
  context: OutdatedContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const file = readText(input, 'file');
  const listed = file === undefined ? [] : await readNames(context, file, options);
  const names = [...input.args, ...listed.map(({ name }) => name)];
  if (names.length === 0) {
    throw new AppError('USAGE', 'outdated needs an image, or a list of them', {
      hint: 'Name images, or read a list with --file FILE.',
    });
  }
  const base = readText(input, 'base');
  if (base !== undefined) return runBase(context, names, base, input, options);
  const images = names.map((name) => withTag(context.locate(name)));
  const beyondMajor = readFlag(input, 'major');
  const reports: Report[] = [];
  let failed = false;
  const byRepository = new Map<string, Tagged[]>();
  for (const image of images) {
    const key = `${image.scheme}:${image.name}`;
    byRepository.set(key, [...(byRepository.get(key) ?? []), image]);
  }
  for (const group of byRepository.values()) {
    try {
      reports.push(...(await inRepository(context, group, beyondMajor, options)));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof AppError) || byRepository.size === 1) throw error;
      context.warn(error.message);
      failed = true;
    }
  }
  const isOutdated = reports.some((one) => one.Outdated);
  return {
    kind: 'value',
    json: reports,
    text: (style) => page(reports, beyondMajor, style),
    exit: failed ? 1 : isOutdated && readFlag(input, 'check') ? 3 : 0,
  };
}

/** @throws AppError USAGE for a digest without a tag, which has no newer version */
function withTag(location: Location): Tagged {
  const { ref = 'latest', tag } = location;
  const name = tag ?? ref;
  if (!isDigest(name)) return { ...location, tag: name };
  throw new AppError('USAGE', `${location.text} has no tag to compare versions by`, {
    hint: 'Add the tag before the digest: NAME:TAG@DIGEST',
  });
}

async function inRepository(
  context: OutdatedContext,
  images: readonly Tagged[],
  beyondMajor: boolean,
  options: CallOptions,
): Promise<Report[]> {
  const [first] = images;
  if (first === undefined) return [];
  await using store = await context.openRead(first, 'single', options);
  const tags: string[] = [];
  for await (const names of tagListerOf(store).tags(options)) {
    tags.push(...names.filter((tag) => !isDigestTag(tag)));
  }
  const reports: Report[] = [];
  for (const { tag } of images) {
    reports.push(await reportOn(context, { store, tag, tags, beyondMajor }, options));
  }
  return reports;
}

interface Question {
  readonly store: ReadStore;
  readonly tag: string;
  readonly tags: readonly string[];
  readonly beyondMajor: boolean;
}

async function reportOn(
  { flags: { concurrency } }: OutdatedContext,
  { store, tag, tags, beyondMajor }: Question,
  options: CallOptions,
): Promise<Report> {
  const { digest } = await store.resolve(tag, options);
  const near = nearestTo(tag, tags).slice(0, MAX_LOOKS);
  const same = await tagsWithDigest(store, near, digest, { ...options, concurrency });
  const version = mostExact([tag, ...same]);
  const found = findSuccessors(version ?? tag, tags);
  const newer = beyondMajor ? found.newest : found.newestInMajor;
  return {
    Image: `${store.label}:${tag}`,
    Digest: digest,
    Same: same,
    Version: found.version ? version : null,
    NewestInMajor: found.newestInMajor,
    Newest: found.newest,
    Outdated: newer !== null,
  };
}

/** Sorts floating names such as "latest" first, then versions by length of common prefix. */
function nearestTo(tag: string, tags: readonly string[]): string[] {
  const likeness = (other: string): number => {
    if (!startsLikeVersion(other)) return tag.length + 1;
    let common = 0;
    while (common < tag.length && tag[common] === other[common]) common += 1;
    return common;
  };
  return tags
    .filter((other) => other !== tag)
    .toSorted((a, b) => likeness(b) - likeness(a) || compareVersions(b, a));
}

const dots = (tag: string): number => tag.split('.').length;

/** The version with the most numbers: 1.27.3, not 1.27 or 1. */
function mostExact(tags: readonly string[]): string | null {
  const [own = ''] = tags;
  if (startsLikeVersion(own)) return own;
  const versions = tags
    .filter(startsLikeVersion)
    .toSorted((a, b) => dots(b) - dots(a) || a.length - b.length);
  return versions[0] ?? null;
}

function page(reports: readonly Report[], beyondMajor: boolean, style: Style): string {
  const rows = reports.map((one) => {
    const newer = beyondMajor ? one.Newest : one.NewestInMajor;
    const verdict =
      one.Version === null ? 'no version' : newer === null ? 'newest' : sanitize(newer);
    return [
      sanitize(one.Image),
      shortDigest(one.Digest),
      verdict,
      one.Same.map(sanitize).join(', '),
    ];
  });
  const columns = [
    { title: 'IMAGE', shrink: true },
    { title: 'DIGEST' },
    { title: 'NEWER' },
    { title: 'SAME DIGEST', shrink: true },
  ];
  return renderTable(columns, rows, style);
}
