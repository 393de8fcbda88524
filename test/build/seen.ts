import type { Json } from './edit-vectors.ts';

/** A manifest with what it lists: a configuration, or children. */
export interface Seen {
  readonly digest: string;
  readonly mediaType: string;
  readonly manifest: Json;
  readonly config: Json | undefined;
  readonly children: readonly { readonly entry: Json; readonly seen: Seen | undefined }[];
}

export type Fetch = (kind: 'manifests' | 'blobs', digest: string) => Promise<string | undefined>;

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads a manifest, its configuration and its children. */
export async function see(digest: string, fetch: Fetch): Promise<Seen> {
  const manifest = JSON.parse((await fetch('manifests', digest)) ?? '{}') as Json;
  const configDigest = text((manifest['config'] as Json | undefined)?.['digest']);
  const raw = configDigest === '' ? undefined : await fetch('blobs', configDigest);
  const children = [];
  for (const entry of list(manifest['manifests'])) {
    const child = text(entry['digest']);
    const found = await fetch('manifests', child).catch(() => undefined);
    children.push({ entry, seen: found === undefined ? undefined : await see(child, fetch) });
  }
  return {
    digest,
    mediaType: text(manifest['mediaType']),
    manifest,
    config: raw === undefined || !raw.startsWith('{') ? undefined : (JSON.parse(raw) as Json),
    children,
  };
}

/**
 * What counts in a comparison. A child that `isInput` knows is compared by its digest, a new one by
 * its content: programs order the members of JSON differently.
 */
export function comparable(
  seen: Seen,
  ignore: readonly string[],
  isInput: (digest: string) => boolean,
): unknown {
  const { manifest, config, mediaType } = seen;
  const shared = {
    mediaType: ignore.some((one) => /media types?$/u.test(one)) ? undefined : mediaType,
    annotations: annotationsOf(manifest['annotations'], ignore),
    subject: manifest['subject'],
  };
  if (manifest['manifests'] !== undefined) {
    return {
      ...shared,
      children: seen.children.map(({ entry, seen: child }) => ({
        platform: platformOf(entry['platform'], ignore),
        annotations: annotationsOf(entry['annotations'], ignore),
        what:
          child === undefined || isInput(text(entry['digest']))
            ? entry['digest']
            : comparable(child, ignore, isInput),
      })),
    };
  }
  return {
    ...shared,
    config: configOf(config, ignore),
    layers: list(manifest['layers']).map((layer) => ({
      mediaType: ignore.includes('media types') ? undefined : layer['mediaType'],
      digest: ignore.includes('layer digest') ? undefined : layer['digest'],
      annotations: annotationsOf(layer['annotations'], ignore),
      urls: layer['urls'],
    })),
  };
}

function annotationsOf(value: unknown, ignore: readonly string[]): unknown {
  if (ignore.includes('annotations')) return undefined;
  const entries = Object.entries((value ?? {}) as Json).filter(
    ([key]) =>
      !ignore.includes('base annotations') || !key.startsWith('org.opencontainers.image.base.'),
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function platformOf(value: unknown, ignore: readonly string[]): unknown {
  if (ignore.includes('platform')) return undefined;
  const { variant, architecture, ...rest } = (value ?? {}) as Json;
  // buildx leaves out the variant that arm64 implies.
  const implied = architecture === 'arm64' && variant === 'v8';
  return { ...rest, architecture, variant: implied ? undefined : variant };
}

/** Empty members mean the same as absent ones. */
function configOf(config: Json | undefined, ignore: readonly string[]): unknown {
  if (config === undefined) return undefined;
  const { created: _created, history: _history, config: run, rootfs, ...rest } = config;
  const inner = Object.fromEntries(
    Object.entries((run ?? {}) as Json)
      .filter(([, value]) => !isEmpty(value))
      .map(([key, value]) => [
        key,
        key === 'Env' && ignore.includes('Env order') ? (value as string[]).toSorted() : value,
      ]),
  );
  const kept = Object.entries(rest).filter(
    ([key, value]) =>
      !isEmpty(value) &&
      !(ignore.includes(key) && ['os', 'architecture'].includes(key)) &&
      !(ignore.includes('media types') && ['os', 'architecture'].includes(key)),
  );
  return {
    ...Object.fromEntries(kept),
    config: inner,
    rootfs: ignore.includes('diff IDs') ? undefined : rootfs,
  };
}

function isEmpty(value: unknown): boolean {
  return (
    value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const out: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = mergePatch(out[key], value);
  }
  return out;
}
