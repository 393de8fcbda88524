import { describeRead } from '../../artifact/referrers/describe.ts';
import { readScan, type ScanReport } from '../../artifact/referrers/scan.ts';
import { decodeContent } from '../../artifact/referrers/statement.ts';
import { readPackages, type SbomPackage } from '../../artifact/sbom.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import { fetchAll } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import { isRecord } from '../../util/json.ts';

/** Longer contents are not shown; the command line prints them. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What a referrer holds. Only its digest is verified. */
export interface Content {
  readonly title: string;
  readonly type: string;
  readonly size: number;
  readonly packages: readonly SbomPackage[] | undefined;
  readonly scan: ScanReport | undefined;
  /** The document as text; `undefined` for what is no text. */
  readonly text: string | undefined;
}

/**
 * Reads one layer of a referrer.
 * @throws AppError MANIFEST_UNKNOWN, BLOB_UNKNOWN, RESPONSE_TOO_LARGE, CORRUPT_LAYER
 */
export async function readContent(
  store: ReadStore,
  digest: Digest,
  number: number,
  options: CallOptions,
): Promise<Content> {
  const root = await store.resolve(digest, { ...options, purpose: 'content' });
  const manifest = await fetchManifest(store, root, options);
  const referrer = { descriptor: root, subject: digest, source: 'referrers' as const };
  const { contents = [] } = describeRead(referrer, manifest);
  const content = contents[number];
  if (content === undefined) {
    throw new AppError('BLOB_UNKNOWN', `${store.label}@${digest} has no content ${number + 1}`);
  }
  const { descriptor, type, kind, title } = content;
  if (descriptor.size > MAX_BYTES) {
    throw new AppError(
      'RESPONSE_TOO_LARGE',
      `cannot show ${descriptor.digest}: it has ${descriptor.size} bytes`,
      { hint: `Print it: regctl blob ${store.label}@${descriptor.digest}` },
    );
  }
  const raw = await fetchAll(store, descriptor, options);
  const decoded = decodeContent(raw, descriptor.mediaType, kind);
  const text = textOf(decoded.bytes);
  const document = text === undefined ? undefined : jsonOf(text);
  const stated = isRecord(document) ? document['predicate'] : undefined;
  return {
    title: decoded.kind ?? title ?? type,
    type: decoded.predicateType ?? type,
    size: descriptor.size,
    packages: readPackages(document) ?? readPackages(stated),
    scan: readScan(decoded.predicate) ?? readScan(document),
    text: document === undefined ? text : JSON.stringify(document, undefined, 2),
  };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
