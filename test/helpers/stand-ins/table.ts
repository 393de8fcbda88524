import { detailed, plain, standard } from './bodies.ts';
import type { Refused, StandIn } from './types.ts';

const UNSUPPORTED: Refused = {
  status: 405,
  code: 'UNSUPPORTED',
  message: 'The operation is unsupported.',
};
const NO_REFERRERS: Refused = { status: 404, code: 'NOT_FOUND', message: 'page not found' };

/** What distribution does; the rows below say how theirs differs. */
const DISTRIBUTION = {
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
  referrers: NO_REFERRERS,
  headers: { 'docker-distribution-api-version': 'registry/2.0' },
} as const satisfies Partial<StandIn>;

const ECR_HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

/** One stand-in a row of `known-registries.ts`, from what the registries document of themselves. */
export const STAND_INS: readonly StandIn[] = [
  {
    ...DISTRIBUTION,
    id: 'docker-hub',
    registry: 'docker.io',
    api: 'registry-1.docker.io',
    cdn: 'production.cloudflare.docker.com',
    repository: 'ann/app',
    neighbour: 'ann/other',
    login: { username: 'ann', password: 'dckr_pat_canary' },
    auth: {
      kind: 'bearer',
      realm: 'https://auth.docker.io/token',
      service: 'registry.docker.io',
      field: 'both',
      expiresIn: 300,
      wrongLogin: plain(401, { details: 'incorrect username or password' }),
    },
    body: detailed,
    catalog: { status: 401, code: 'UNAUTHORIZED', message: 'authentication required' },
    remove: {
      manifest: 'yes',
      tag: { ...UNSUPPORTED, message: 'Only digest-based deletion is allowed' },
    },
    rateLimit: {
      'ratelimit-limit': '100;w=21600',
      'ratelimit-remaining': '76;w=21600',
      'docker-ratelimit-source': '192.0.2.7',
    },
  },
  {
    ...DISTRIBUTION,
    id: 'ecr',
    registry: ECR_HOST,
    api: ECR_HOST,
    cdn: 'prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com',
    repository: 'team/app',
    neighbour: 'team/other',
    login: { username: 'AWS', password: 'ecr-password-canary' },
    auth: {
      kind: 'basic',
      challenge: `Basic realm="https://${ECR_HOST}/",service="ecr.amazonaws.com"`,
    },
    anonymous: 'nothing',
    lists: {
      page: 2,
      link: 'absolute',
      cursor: 'nextToken',
      maxN: {
        n: 1000,
        refused: {
          status: 405,
          code: 'UNSUPPORTED',
          message: 'Member must have value less than or equal to 1000',
        },
      },
    },
    catalog: { status: 404, code: 'NOT_FOUND', message: 'page not found' },
    uploads: { location: 'absolute', path: '/v2/{name}/blobs/uploads/{id}', mounts: false },
    remove: { manifest: 'yes', tag: 'yes' },
    referrers: 'index',
    unmade: {
      status: 404,
      code: 'NAME_UNKNOWN',
      message: "The repository with name 'x' does not exist in the registry with id '123456789012'",
    },
  },
  {
    ...DISTRIBUTION,
    id: 'ghcr',
    registry: 'ghcr.io',
    api: 'ghcr.io',
    cdn: 'pkg-containers.githubusercontent.com',
    repository: 'acme/app',
    neighbour: 'acme/other',
    login: { username: 'ann', password: 'ghp_canary' },
    auth: {
      kind: 'bearer',
      realm: 'https://ghcr.io/token',
      service: 'ghcr.io',
      field: 'token',
      wrongLogin: plain(403, { errors: [{ code: 'DENIED', message: 'denied' }] }),
    },
    catalog: { status: 403, code: 'DENIED', message: 'requested access to the resource is denied' },
    uploads: {
      location: 'relative',
      path: '/v2/{name}/blobs/upload/{id}',
      mounts: false,
      maxRange: 4 * 1024 * 1024,
    },
    remove: { manifest: UNSUPPORTED, tag: UNSUPPORTED },
  },
];
