import type { ReadStore } from '../../store/types.ts';
import { isRepositoryName, type RepositoryName } from '../names.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Upstream } from './types.ts';

/** A repository of an upstream, and where its content is cached. */
export interface Target {
  readonly upstream: Upstream;
  /** Its name at the upstream. */
  readonly repository: string;
  readonly cache: RepositoryName;
  open(): Promise<ReadStore>;
}

const HUB = 'docker.io';
/** Docker Hub's own name for what has no user. */
const OFFICIAL = 'library/';

/**
 * Chooses among the configured upstreams only: by `ns`, which containerd and Docker 29 send, by the
 * prefix of the name, or the first.
 * @throws ProtocolError NAME_UNKNOWN for another namespace, NAME_INVALID
 */
export function chooseTarget(
  upstreams: readonly [Upstream, ...Upstream[]],
  name: string,
  namespace: string | null,
): Target {
  const prefixed = upstreams.find(
    ({ prefix }) => prefix !== undefined && name.startsWith(`${prefix}/`),
  );
  const named = upstreams.find(
    (one) => namespace !== null && (one.namespace === namespace || one.prefix === namespace),
  );
  if (namespace !== null && named === undefined) {
    throw new ProtocolError('NAME_UNKNOWN', 'this proxy does not serve that namespace', {
      detail: { namespace: namespace.slice(0, 255) },
    });
  }
  const upstream = named ?? prefixed ?? upstreams[0];
  const rest = upstream === prefixed ? name.slice(`${upstream.prefix}/`.length) : name;
  const isHub = upstream.namespace === HUB || upstream.prefix === HUB;
  const isOfficial = isHub && !rest.includes('/');
  const repository = isOfficial ? `${OFFICIAL}${rest}` : rest;
  const cache = `${cacheOf(upstream.namespace)}/${repository}`;
  if (!isRepositoryName(repository) || !isRepositoryName(cache)) {
    throw new ProtocolError('NAME_INVALID', 'invalid repository name', { detail: { name } });
  }
  return { upstream, repository, cache, open: () => upstream.open(repository) };
}

/** "127.0.0.1:5000/mirror" → "127.0.0.1_5000/mirror" */
function cacheOf(namespace: string): string {
  return namespace.toLowerCase().replace(/\[|\]/gu, '').replace(/:+/gu, '_');
}
