import { DOCKER_HUB } from './docker-hub.ts';
import { scanReference } from './scan.ts';
import type { Reference } from './types.ts';

export const DEFAULT_TAG = 'latest';

/** In full: "docker.io/library/busybox:1@sha256:…". */
export function formatReference(reference: Reference): string {
  return `${formatRepository(reference)}${suffix(reference)}`;
}

/** "docker.io/library/busybox": without tag and digest. */
export function formatRepository(reference: Reference): string {
  return `${reference.registry}/${reference.repository}`;
}

/** As people type it: "busybox:1"; in full wherever the short form would name something else. */
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
