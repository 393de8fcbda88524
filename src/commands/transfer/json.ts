import type { CopyCounts } from '../../copy/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Context } from '../context.ts';

/** Requests and time of a command in its JSON. */
export interface CommandStats {
  readonly Requests: number;
  readonly ElapsedMs: number;
}

/** Starts the clock. The returned function reads it. */
export function startStats(context: Pick<Context, 'now' | 'requestCount'>): () => CommandStats {
  const started = context.now().getTime();
  return () => ({
    Requests: context.requestCount(),
    ElapsedMs: context.now().getTime() - started,
  });
}

export interface ImageJson {
  readonly Digest: string;
  readonly MediaType: string;
  /** `unchanged` if the destination already had everything. */
  readonly Outcome: 'copied' | 'unchanged';
}

export function imageJson({
  descriptor: { digest, mediaType },
  unchanged,
}: {
  readonly descriptor: Descriptor;
  readonly unchanged: boolean;
}): ImageJson {
  return { Digest: digest, MediaType: mediaType, Outcome: unchanged ? 'unchanged' : 'copied' };
}

export interface CountsJson {
  readonly Blobs: { readonly Written: number; readonly Mounted: number; readonly Present: number };
  readonly Bytes: { readonly Sent: number; readonly Skipped: number };
}

export function countsJson({ blobs, bytes }: CopyCounts): CountsJson {
  return {
    Blobs: { Written: blobs.written, Mounted: blobs.mounted, Present: blobs.present },
    Bytes: { Sent: bytes.sent, Skipped: bytes.skipped },
  };
}

/** DESTINATION@DIGEST */
export function nameWithDigest(name: string, { digest }: Descriptor): string {
  return name.endsWith(`@${digest}`) ? name : `${name}@${digest}`;
}
