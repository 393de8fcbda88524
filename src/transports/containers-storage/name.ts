import { AppError } from '../../errors/app-error.ts';
import { DEFAULT_TAG, formatReference } from '../../reference/format.ts';
import { parseReference } from '../../reference/parse.ts';
import type { Location } from '../types.ts';

const SCHEME = 'containers-storage';

/** An image in a container storage, named as podman names it. */
export interface StorageName {
  /** Options of podman and Buildah that choose the storage. */
  readonly options: readonly string[];
  /** Without its tag, such as "localhost/app"; undefined for an image that only has an ID. */
  readonly repository: string | undefined;
  readonly tag: string | undefined;
  /** The image ID in hex, without an algorithm. */
  readonly id: string | undefined;
}

/**
 * Parses `[[DRIVER@ROOT+RUNROOT:OPTIONS]]NAME[:TAG][@ID]`, `@ID` or `sha256:ID` (containers/image
 * docs/containers-transports.5.md). A NAME without a registry belongs to `localhost`, as in podman.
 * @throws AppError INVALID_REFERENCE
 */
export function parseStorageName(rest: string): StorageName {
  const [, specifier, image = ''] = /^(?:\[([^\]]*)\])?(.*)$/su.exec(rest) ?? [];
  const options = specifier === undefined ? [] : optionsOf(specifier, rest);
  const bare = /^(?:@|sha256:)([0-9a-f]{64})$/u.exec(image)?.[1];
  if (bare !== undefined) return { options, repository: undefined, tag: undefined, id: bare };
  const [, name = image, id] = /^(.*)@(?:sha256:)?([0-9a-f]{64})$/u.exec(image) ?? [];
  if (name === '') throw invalid(rest, 'the name is missing');
  const { tag, ...repository } = parseReference(name);
  return { options, repository: inFull(name, formatReference(repository)), tag, id };
}

/** The name that podman and Buildah use: with a tag, `latest` if none was written. */
export function storedName({ repository, tag, id }: StorageName): string {
  return id ?? `${repository ?? ''}:${tag ?? DEFAULT_TAG}`;
}

/**
 * The name to look for, without "localhost/": the programs search there first, then in the
 * registries that they are configured for.
 */
export function soughtName(image: StorageName): string {
  return storedName(image).replace(/^localhost\//u, '');
}

export function parseStorageLocation(rest: string): Location {
  const { repository, tag, id } = parseStorageName(rest);
  const specifier = /^\[[^\]]*\]/u.exec(rest)?.[0] ?? '';
  const ref = id ?? tag;
  const suffix = id === undefined ? `:${tag ?? DEFAULT_TAG}` : `@${id}`;
  const name = `${specifier}${repository ?? ''}`;
  return { scheme: SCHEME, name, ref, tag, text: `${SCHEME}:${name}${suffix}` };
}

/** podman keeps a name without a registry under "localhost", and Docker Hub's under "docker.io". */
function inFull(written: string, full: string): string {
  const first = written.split('/')[0] ?? '';
  const hasRegistry = written.includes('/') && (/[.:]/u.test(first) || first === 'localhost');
  if (hasRegistry) return full;
  return `localhost/${full.replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/u, '')}`;
}

/** Parses `DRIVER@ROOT+RUNROOT:OPTION,OPTION`; only ROOT is required. */
function optionsOf(specifier: string, rest: string): string[] {
  const [, driver, root = '', runRoot, options] =
    /^(?:([a-z]+)@)?(\/[^+:]*)(?:\+(\/[^:]*))?(?::(.*))?$/u.exec(specifier) ?? [];
  if (root === '') throw invalid(rest, 'the storage in brackets has no directory');
  return [
    ...(driver === undefined ? [] : ['--storage-driver', driver]),
    '--root',
    root,
    ...(runRoot === undefined ? [] : ['--runroot', runRoot]),
    ...(options === undefined || options === ''
      ? []
      : options.split(',').flatMap((one) => ['--storage-opt', one])),
  ];
}

function invalid(rest: string, rule: string): AppError {
  return new AppError('INVALID_REFERENCE', `invalid image name "${SCHEME}:${rest}": ${rule}`, {
    hint: `Write ${SCHEME}:NAME[:TAG], ${SCHEME}:@ID or ${SCHEME}:[DRIVER@ROOT+RUNROOT]NAME.`,
  });
}
