import { isRecord } from '../../util/json.ts';
import type { Credential } from '../../credentials/types.ts';

/** Entries of a page that every one of these APIs gives. */
export const PAGE_SIZE = 100;

/** One page of a registry's own API, parsed. */
export interface DigestPage {
  /** As the API wrote them: not checked yet. */
  readonly entries: readonly { readonly tag: unknown; readonly digest: unknown }[];
  readonly isLast: boolean;
}

export interface DigestApiPlace {
  /** Base URL of the registry's v2 API. */
  readonly base: URL;
  /** "library/alpine" */
  readonly repository: string;
}

/** An API, next to the v2 API, whose list of tags has their digests. */
export interface DigestApi {
  /** Row of config/registries/table.ts. */
  readonly id: string;
  /** The first page; each next one if the one before is refused. `page` counts from 1. */
  readonly urls: (place: DigestApiPlace) => readonly string[];
  /** The Authorization of a login; `undefined`: it is asked without one. */
  readonly authorization?: (credential: Credential) => string | undefined;
  /** Answers nobody without a login, so that it is not asked. */
  readonly needsLogin?: boolean;
  /** `undefined` for a body of another form. */
  readonly page: (body: unknown) => DigestPage | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly Json[] | undefined =>
  Array.isArray(value) ? value.filter(isRecord) : undefined;

/** "acme", "team/app" of "acme/team/app". */
function splitOwner(repository: string): readonly [string, string] {
  const at = repository.indexOf('/');
  return [repository.slice(0, at), repository.slice(at + 1)];
}

const part = (text: string): string => encodeURIComponent(text);

export const DIGEST_APIS: readonly DigestApi[] = [
  {
    // docs.docker.com/reference/api/hub/latest: "List repository tags"; private ones stay unlisted.
    id: 'docker-hub',
    urls({ repository }) {
      const [owner, name] = splitOwner(repository);
      return [
        `https://hub.docker.com/v2/namespaces/${part(owner)}/repositories/${part(name)}/tags?page_size=${PAGE_SIZE}`,
      ];
    },
    page(body) {
      const entries = isRecord(body) ? list(body['results']) : undefined;
      if (!isRecord(body) || entries === undefined) return undefined;
      return {
        entries: entries.map(({ name, digest }) => ({ tag: name, digest })),
        isLast: typeof body['next'] !== 'string',
      };
    },
  },
  {
    // docs.quay.io/api: listRepoTags. It takes OAuth tokens, and no robot accounts.
    id: 'quay',
    urls: ({ base, repository }) => [
      `${base.origin}/api/v1/repository/${repository}/tag/?onlyActiveTags=true&limit=${PAGE_SIZE}`,
    ],
    authorization: (login) =>
      login.kind === 'basic' && login.username === '$oauthtoken'
        ? `Bearer ${login.password}`
        : undefined,
    page(body) {
      const entries = isRecord(body) ? list(body['tags']) : undefined;
      if (!isRecord(body) || entries === undefined) return undefined;
      return {
        entries: entries.map(({ name, manifest_digest: digest }) => ({ tag: name, digest })),
        isLast: body['has_additional'] !== true,
      };
    },
  },
  {
    // goharbor.io API v2.0: listArtifacts. The slashes of a repository are encoded twice.
    id: 'harbor',
    urls({ base, repository }) {
      const [project, name] = splitOwner(repository);
      return [
        `${base.origin}/api/v2.0/projects/${part(project)}/repositories/${part(part(name))}/artifacts?with_tag=true&page_size=${PAGE_SIZE}`,
      ];
    },
    authorization: (login) =>
      login.kind === 'basic'
        ? `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
        : undefined,
    page(body) {
      const artifacts = list(body);
      if (artifacts === undefined) return undefined;
      return {
        entries: artifacts.flatMap(({ digest, tags }) =>
          (list(tags) ?? []).map(({ name }) => ({ tag: name, digest })),
        ),
        isLast: artifacts.length < PAGE_SIZE,
      };
    },
  },
  {
    // docs.github.com/rest/packages: "List package versions"; a version's name is its digest.
    id: 'ghcr',
    urls({ repository }) {
      const [owner, name] = splitOwner(repository);
      return ['orgs', 'users'].map(
        (kind) =>
          `https://api.github.com/${kind}/${part(owner)}/packages/container/${part(name)}/versions?state=active&per_page=${PAGE_SIZE}`,
      );
    },
    authorization(login) {
      if (login.kind === 'basic') return `Bearer ${login.password}`;
      return undefined;
    },
    needsLogin: true,
    page(body) {
      const versions = list(body);
      if (versions === undefined) return undefined;
      return {
        entries: versions.flatMap(({ name: digest, metadata }) => {
          const container = isRecord(metadata) ? metadata['container'] : undefined;
          const tags = isRecord(container) ? container['tags'] : undefined;
          return (Array.isArray(tags) ? tags : []).map((tag: unknown) => ({ tag, digest }));
        }),
        isLast: versions.length < PAGE_SIZE,
      };
    },
  },
];
