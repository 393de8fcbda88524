/** A repository name that matches the grammar; paths are built only from this type. */
export type RepositoryName = string & { readonly __repository: unique symbol };

/** A tag that matches the grammar. */
export type Tag = string & { readonly __tag: unique symbol };

/** distribution-spec v1.1.1 "Pulling manifests"; no component can be ".." or start with "_". */
const REPOSITORY =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/u;

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/u;

const MAX_REPOSITORY_LENGTH = 255;

export function isRepositoryName(text: string): text is RepositoryName {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text);
}

export function isTag(text: string): text is Tag {
  return TAG.test(text);
}
