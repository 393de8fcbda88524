/** Paths of the pages, with names in the query, where no slash in a name is ambiguous. */

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Leaves out what is absent, empty or false. */
function path(name: string, query: Query): string {
  const entries = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined || value === '' || value === false
      ? []
      : [[key, value === true ? '1' : String(value)]],
  );
  const search = new URLSearchParams(entries).toString();
  return search === '' ? name : `${name}?${search}`;
}

export const HOME = '/registries';

export const repositoriesPath = (registry: string, query: Query = {}): string =>
  path('/repositories', { registry, ...query });

export const tagsPath = (repository: string, query: Query = {}): string =>
  path('/tags', { repository, ...query });

/** The number of tags as a text, for script. */
export const countPath = (repository: string): string => path('/count', { repository });

export const imagePath = (image: string, query: Query = {}): string =>
  path('/image', { image, ...query });

export const filesPath = (image: string, query: Query = {}): string =>
  path('/files', { image, ...query });

export const referrersPath = (image: string, child?: string): string =>
  path('/referrers', { image, child });

export const contentPath = (repository: string, digest: string, layer: number): string =>
  path('/content', { repository, digest, layer });

/** Two tags or digests of a repository. */
export const comparePath = (repository: string, a: string, b: string): string =>
  `${path('/compare', { repository, tag: a })}&${new URLSearchParams({ tag: b }).toString()}`;

export const compareFilesPath = (a: string, b: string): string => path('/compare-files', { a, b });

/** Of one tag or digest, or of all tags that match a filter. */
export const deletePath = (
  repository: string,
  chosen: { readonly tag: string } | { readonly filter: string },
): string => path('/delete', { repository, ...chosen });

/** What the buttons of a list copy for an image. */
export const COPY_LINES = {
  docker: 'docker pull {}',
  podman: 'podman pull {}',
  regctl: 'regctl copy {} DESTINATION',
  name: '{}',
} as const;
export type CopyKind = keyof typeof COPY_LINES;

export const copyLine = (kind: CopyKind, image: string): string =>
  COPY_LINES[kind].replace('{}', image);

/** The fragment of one row of a list of tags, for script. */
export function rowPath(
  repository: string,
  digest: string | undefined,
  tags: readonly string[],
  { attached, copy }: { readonly attached: readonly string[]; readonly copy: CopyKind },
): string {
  const search = new URLSearchParams({ repository, copy });
  if (digest !== undefined) search.set('digest', digest);
  for (const tag of tags) search.append('tag', tag);
  for (const suffix of attached) search.append('attached', suffix);
  return `/row?${search.toString()}`;
}

/** "r/app" and "1.2" or "sha256:…" → "r/app:1.2" or "r/app@sha256:…" */
export function imageName(repository: string, ref: string): string {
  return `${repository}${ref.includes(':') ? '@' : ':'}${ref}`;
}

/** Returns a remote text as a link target if it is an http or https URL, else `undefined`. */
export function webLink(text: string): string | undefined {
  if (!/^https?:\/\/[!-~]+$/iu.test(text)) return undefined;
  try {
    const { username, password, href } = new URL(text);
    return username === '' && password === '' ? href : undefined;
  } catch {
    return undefined;
  }
}
