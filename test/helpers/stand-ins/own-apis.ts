import type { Reply, ScriptedRequest } from '../scripted-server.ts';
import type { Content } from './content.ts';
import type { StandIn } from './types.ts';

type Tagged = readonly (readonly [tag: string, digest: string])[];

interface OwnApi {
  /** Absent: the registry's own host. */
  readonly host?: string;
  readonly path: (repository: string) => string;
  /** The Authorization that it wants, by the login of the stand-in. */
  readonly authorization?: (login: StandIn['login']) => string;
  readonly page: (tags: Tagged, isLast: boolean) => unknown;
}

const [OWNER, REST] = [/\/.*$/u, /^[^/]*\//u];

/** The lists of tags with digests that registries have next to the v2 API, by their documents. */
const OWN_APIS: Readonly<Record<string, OwnApi>> = {
  'docker-hub': {
    host: 'hub.docker.com',
    path: (name) =>
      `/v2/namespaces/${name.replace(OWNER, '')}/repositories/${name.replace(REST, '')}/tags`,
    page: (tags, isLast) => ({
      count: tags.length,
      next: isLast ? null : 'https://hub.docker.com/next',
      results: tags.map(([name, digest]) => ({ name, digest, images: [] })),
    }),
  },
  quay: {
    path: (name) => `/api/v1/repository/${name}/tag/`,
    page: (tags, isLast) => ({
      tags: tags.map(([name, digest]) => ({ name, manifest_digest: digest })),
      has_additional: !isLast,
    }),
  },
  harbor: {
    path: (name) =>
      `/api/v2.0/projects/${name.replace(OWNER, '')}/repositories/${name.replace(REST, '')}/artifacts`,
    authorization: ({ username, password }) =>
      `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    page: (tags) => tags.map(([name, digest]) => ({ digest, type: 'IMAGE', tags: [{ name }] })),
  },
  ghcr: {
    host: 'api.github.com',
    // The owner is a user: the list of organizations does not have it.
    path: (name) =>
      `/users/${name.replace(OWNER, '')}/packages/container/${name.replace(REST, '')}/versions`,
    authorization: ({ password }) => `Bearer ${password}`,
    page: (tags) =>
      tags.map(([tag, digest], id) => ({
        id,
        name: digest,
        metadata: { package_type: 'container', container: { tags: [tag] } },
      })),
  },
};

/** Hosts of the registry's other APIs. */
export function ownHosts(id: string): readonly string[] {
  const host = OWN_APIS[id]?.host;
  return host === undefined ? [] : [host];
}

/** `undefined` for a request that is for another API. */
export function answerOwnApi(
  { id, api, login, repository }: StandIn,
  content: Content,
  request: ScriptedRequest,
  url: URL,
): Reply | undefined {
  const own = OWN_APIS[id];
  if (own === undefined || url.host !== (own.host ?? api)) return undefined;
  if (url.pathname !== own.path(repository)) {
    return own.host === undefined ? undefined : { status: 404, body: '{"message":"Not Found"}' };
  }
  const wanted = own.authorization?.(login);
  if (request.headers.authorization !== wanted) return { status: 401, body: '{}' };
  const page = Number(url.searchParams.get('page'));
  const size = 100;
  const tags = content
    .tags(repository)
    .map((tag) => [tag, content.manifest(repository, tag)?.digest ?? ''] as const);
  const chosen = tags.slice((page - 1) * size, page * size);
  return { status: 200, body: JSON.stringify(own.page(chosen, page * size >= tags.length)) };
}
