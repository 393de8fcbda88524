import { DOCKER_HUB } from './docker-hub.ts';
import { scanReference } from './scan.ts';
import type { Reference } from './types.ts';

export const DEFAULT_TAG = 'latest';

/**
 * The full name: "docker.io/library/busybox:1@sha256:…".
 * @example
 * import { formatReference, parseReference } from '@regctl/cli/reference';
 *
 * console.log(formatReference(parseReference('alpine:3.20'))); // docker.io/library/alpine:3.20
 */
export function formatReference(reference: Reference): string {
  return `${formatRepository(reference)}${suffix(reference)}`;
}

/** "docker.io/library/busybox": without tag and digest. */
export function formatRepository(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** The short name: "busybox:1"; the full name if the short one means something else. */
export function familiarName(reference: Reference): string {
  const { registry, repository } = reference;
  const full = formatReference(reference);
  if (registry !== DOCKER_HUB) return full;
  const short = repository.replace(/^library\/(?=[^/]+$)/, '') + suffix(reference);
  const read = scanReference(short);
  return 'reference' in read && formatReference(read.reference) === full ? short : full;
}

/** Adds the tag "latest" to a reference that has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  const { tag, digest } = reference;
  return tag === undefined && digest === undefined ? { ...reference, tag: DEFAULT_TAG } : reference;
}

function suffix({ tag, digest }: Reference): string {
  return `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
