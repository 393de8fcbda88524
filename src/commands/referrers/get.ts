import { contentsAsked, type AskedType } from '../../artifact/referrers/asked-type.ts';
import { readScan } from '../../artifact/referrers/scan.ts';
import { decodeContent, type DecodedContent } from '../../artifact/referrers/statement.ts';
import { allReferrers, labelOf } from '../../artifact/referrers/summary.ts';
import type { ReferrerTree } from '../../artifact/referrers/tree.ts';
import type { DescribedReferrer, ReferrerContent } from '../../artifact/referrers/types.ts';
import { describeRead } from '../../artifact/referrers/describe.ts';
import { isEnvelopeType } from '../../artifact/kinds.ts';
import { AppError } from '../../errors/app-error.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { bytesOf, collect } from '../../util/bytes.ts';
import type { Result } from '../result.ts';
import { scanTable } from './scan-table.ts';

export interface GetOptions {
  readonly wanted: AskedType;
  readonly latest: boolean;
  /** The image as the user wrote it. */
  readonly name: string;
}

/** Larger statements and reports are not decoded; other content streams. */
const MAX_DECODED_BYTES = 128 * 1024 * 1024;

interface Candidate {
  readonly referrer: DescribedReferrer;
  readonly content: ReferrerContent;
}

/** Returns the content of the only referrer of a type, or of the newest. */
export async function getContent(
  store: ReadStore,
  tree: ReferrerTree,
  options: GetOptions,
  call: CallOptions,
): Promise<Result> {
  const { wanted, name } = options;
  const { referrer, content } = choose(await candidates(store, tree, wanted, call), options);
  const { descriptor, kind } = content;
  const isReport = kind === 'vulnerability report';
  if (!isEnvelopeType(descriptor.mediaType) && !isReport) {
    const json = (): unknown => contentJson(referrer, content);
    return { kind: 'bytes', bytes: await store.fetch(descriptor, call), json };
  }
  if (descriptor.size > MAX_DECODED_BYTES) {
    throw new AppError(
      'RESPONSE_TOO_LARGE',
      `cannot decode ${wanted.written} of ${name}: it has ${descriptor.size} bytes`,
      { hint: `Print it as it is stored: regctl blob ${store.label}@${descriptor.digest}` },
    );
  }
  const raw = await collect(await store.fetch(descriptor, call), descriptor.size, tooLong);
  return resultOf(decodeContent(raw, descriptor.mediaType, kind));
}

/** The verifier ends a longer answer before. */
const tooLong = (): Error => new Error('the content is longer than its descriptor says');

function resultOf({ bytes, kind, predicate }: DecodedContent): Result {
  const json = (): unknown =>
    typeof predicate === 'string' ? predicate : parseJsonStrict(bytes, 'CORRUPT_LAYER', 'content');
  const isReport = kind === 'vulnerability report';
  const document = isReport ? (predicate ?? json()) : undefined;
  const scan = document === undefined ? undefined : readScan(document);
  if (scan === undefined) return { kind: 'bytes', bytes: bytesOf(bytes), json };
  return { kind: 'value', json: json(), text: (style) => scanTable(scan, style) };
}

/** A description for `-o json`: what is streamed may be no JSON. */
function contentJson(
  { descriptor: { digest } }: DescribedReferrer,
  { descriptor, type, title }: ReferrerContent,
): unknown {
  const { mediaType, size } = descriptor;
  const own = { Digest: descriptor.digest, MediaType: mediaType, Size: size, Type: type };
  return { ...own, Title: title ?? null, Referrer: digest };
}

/** The layers of the wanted type; manifests that the list made unnecessary are read now. */
async function candidates(
  store: ReadStore,
  { root }: ReferrerTree,
  wanted: AskedType,
  call: CallOptions,
): Promise<readonly Candidate[]> {
  const found: Candidate[] = [];
  for (const node of allReferrers(root)) {
    if (!wanted.matches(node)) continue;
    const referrer =
      node.contents === undefined
        ? describeRead(node, await fetchManifest(store, node.descriptor, call))
        : node;
    for (const content of contentsAsked(referrer, wanted)) {
      const { digest } = content.descriptor;
      const isKnown = found.some((one) => one.content.descriptor.digest === digest);
      if (!isKnown) found.push({ referrer, content });
    }
  }
  return found;
}

/** @throws AppError MANIFEST_UNKNOWN for none; USAGE for several without `--latest` */
function choose(found: readonly Candidate[], { wanted, latest, name }: GetOptions): Candidate {
  const newest = found.toSorted((a, b) => (createdAt(b) < createdAt(a) ? -1 : 1));
  const [first] = latest ? newest : found;
  const what = `${wanted.written} of ${name}`;
  if (first === undefined) {
    throw new AppError(
      'MANIFEST_UNKNOWN',
      `cannot print ${what}: nothing of that type is attached`,
      {
        hint: `See what is attached: regctl referrers ${name}`,
      },
    );
  }
  if (found.length === 1 || latest) return first;
  throw new AppError('USAGE', `cannot print ${what}: ${found.length} contents are of that type`, {
    why: found.slice(0, 4).map(({ referrer, content }) => {
      const { digest } = referrer.descriptor;
      return `${content.kind ?? labelOf(referrer)} (${content.type}) in ${digest.slice(0, 19)}`;
    }),
    hint: 'Name its type in full, or take the newest: add --latest',
  });
}

const createdAt = ({ referrer }: Candidate): number => Date.parse(referrer.created ?? '') || 0;
