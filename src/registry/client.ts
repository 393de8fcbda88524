import { sanitize } from '../errors/sanitize.ts';
import { NO_RETRIES } from '../http/retry/policy.ts';
import { createBlobReader, hasBlob } from './blobs/blobs.ts';
import { getBlobRange } from './blobs/range.ts';
import { listCatalog } from './lists/catalog.ts';
import { repositoryContext, type RegistryDependencies } from './requests.ts';
import { deleteManifest, deleteTag } from './manifests/delete.ts';
import { findManifest } from './manifests/find.ts';
import { getManifest, headManifest } from './manifests/read.ts';
import { putManifest } from './manifests/put.ts';
import { ping } from './ping.ts';
import { listManifests } from './lists/manifests.ts';
import { createReferrers, listByApi } from './lists/referrers.ts';
import { MAX_MOUNTS } from './uploads/mount.ts';
import { pullScope, scopesFor } from './scopes.ts';
import { listTagDigests } from './lists/tag-digests.ts';
import { listTags } from './lists/tags.ts';
import type { RegistryClient, Repository, RepositoryOptions } from './types.ts';
import { putBlob } from './uploads/put-blob.ts';

/** What a registry client sends its requests with. */
export type RegistryClientOptions = Omit<RegistryDependencies, 'retries' | 'wholeUploads'> &
  Partial<Pick<RegistryDependencies, 'retries'>>;

/**
 * Creates a client of the v2 API of registries.
 * @example
 * import { createRegistryClient, type HttpClientHandle } from '@regctl/cli/registry';
 *
 * async function tagsOf({ request, endpoint, retries }: HttpClientHandle) {
 *   const client = createRegistryClient({ request, endpoint, retries, warn: console.warn });
 *   const registry = 'ghcr.io';
 *   const repository = client.repository({ registry, repository: 'my-org/app', access: 'pull' });
 *   for await (const tags of repository.tags()) console.log(tags);
 * }
 */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const deps: RegistryDependencies = {
    request: options.request,
    endpoint: options.endpoint,
    warn: (text) => options.warn(sanitize(text)),
    retries: options.retries ?? NO_RETRIES,
    credentials: options.credentials,
    wholeUploads: new Set(),
    journal: options.journal,
  };
  /** By registry, as they were last written: they can identify its software. */
  const challenges = new Map<string, string>();
  return {
    repository: (repository) => createRepository(deps, challenges, repository),
    catalog: (registry, listOptions) => listCatalog(deps, registry, listOptions),
    ping: (registry, callOptions) => ping(deps, registry, callOptions),
  };
}

function createRepository(
  all: RegistryDependencies,
  challenges: Map<string, string>,
  { registry, repository: name, access, mountFrom }: RepositoryOptions,
): Repository {
  const deps: RegistryDependencies = {
    ...all,
    async request(one) {
      const answer = await all.request(one);
      if (answer.challenge !== undefined) challenges.set(registry, answer.challenge);
      return answer;
    },
  };
  const later = mountFrom?.slice(0, MAX_MOUNTS).map(pullScope);
  const at = repositoryContext(deps, registry, name, scopesFor(name, access), later);
  return {
    registry,
    name,
    headManifest: (ref, options) => headManifest(at, ref, options),
    getManifest: (ref, options) => getManifest(at, ref, options),
    findManifest: (ref, want, options) => findManifest(at, ref, want, options),
    putManifest: (ref, raw, mediaType, options) => putManifest(at, ref, raw, mediaType, options),
    deleteManifest: (digest, options) => deleteManifest(at, digest, options),
    deleteTag: (tag, options) => deleteTag(at, tag, options),
    hasBlob: (digest, options) => hasBlob(at, digest, options),
    getBlob: createBlobReader(at),
    getBlobRange: (descriptor, part, options) => getBlobRange(at, descriptor, part, options),
    putBlob: (source, options) => putBlob(at, source, options),
    manifests: (options) => listManifests(at, options),
    tags: (options) => listTags(at, options),
    tagDigests: (options) => listTagDigests(at, challenges.get(registry), options),
    referrers: createReferrers(at),
    referrersByApi: (digest, options) => listByApi(at, digest, options),
  };
}
