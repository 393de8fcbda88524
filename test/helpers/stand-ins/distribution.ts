import { standard } from './bodies.ts';
import type { Refused, StandIn } from './types.ts';

export const UNSUPPORTED: Refused = {
  status: 405,
  code: 'UNSUPPORTED',
  message: 'The operation is unsupported.',
};
export const NO_ROUTE: Refused = { status: 404, code: 'NOT_FOUND', message: 'page not found' };
export const DENIED: Refused = {
  status: 403,
  code: 'DENIED',
  message: 'requested access to the resource is denied',
};
export const UNAUTHORIZED: Refused = {
  status: 401,
  code: 'UNAUTHORIZED',
  message: 'authentication required',
};

/** What distribution does; each stand-in says how it differs. */
export const DISTRIBUTION = {
  anonymous: 'pull',
  deleteAction: 'delete',
  body: standard,
  lists: { page: 2, link: 'relative', cursor: 'last' },
  catalog: 'lists',
  manifests: { digestHeader: true, head: 'full' },
  uploads: {
    location: 'absolute',
    path: '/v2/{name}/blobs/uploads/{id}',
    state: '_state',
    mounts: true,
  },
  remove: { manifest: 'yes', tag: UNSUPPORTED },
  referrers: NO_ROUTE,
  headers: { 'docker-distribution-api-version': 'registry/2.0' },
} as const satisfies Partial<StandIn>;
