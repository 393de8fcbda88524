import { AppError } from '../../errors/app-error.ts';
import { knownRegistry } from '../../config/registries/lookup.ts';
import { parseDescriptor } from '../../oci/descriptor.ts';
import { isRecord } from '../../util/json.ts';
import type { ListedManifest } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { repositoryUrl, type Operation, type RequestContext } from '../requests.ts';
import type { ErrorResponse } from '../errors/body.ts';
import { registryErrorFrom } from '../errors/error.ts';
import { pages } from './pages.ts';

/** Answers of registries without such a list, however they interpret the path. */
const NO_LIST: ReadonlySet<string> = new Set([
  'UNSUPPORTED',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'TOKEN_FAILED',
  'NOT_A_REGISTRY',
  'REPOSITORY_UNKNOWN',
  'MANIFEST_UNKNOWN',
]);

/**
 * Lists every manifest of a repository, with and without a tag: an extension of `regctl serve`
 * (distribution-spec v1.1.1 "Extensions").
 * @throws AppError UNSUPPORTED if the registry has no such list
 */
export async function* listManifests(
  context: RequestContext,
  options: CallOptions = {},
): AsyncGenerator<ListedManifest> {
  // No registry in the table is a `regctl serve`.
  if (knownRegistry(context.registry) !== undefined) throw unsupported(context);
  const operation: Operation = {
    action: 'list manifests of',
    target: context.label,
    kind: 'repository',
  };
  const listing = {
    operation,
    url: await repositoryUrl(context, '_regctl/inventory/list', options),
    contentType: 'application/json',
    key: (one: ListedManifest): string => one.descriptor.digest,
    entries: (body: unknown) => entriesOf(body) ?? fail(context),
    refuse: (answer: ErrorResponse): Error =>
      answer.status < 500 && answer.status !== 429
        ? unsupported(context)
        : registryErrorFrom(context, operation, answer),
  };
  try {
    for await (const page of pages(context, listing, options)) yield* page;
  } catch (error) {
    throw error instanceof AppError && NO_LIST.has(error.code) ? unsupported(context) : error;
  }
}

/** `undefined` for another body, which is not a list. */
function entriesOf(body: unknown): readonly ListedManifest[] | undefined {
  const list = isRecord(body) ? body['manifests'] : undefined;
  if (!Array.isArray(list)) return undefined;
  return list.map((entry: unknown, i) => {
    const pushed = isRecord(entry) ? entry['pushed'] : undefined;
    return {
      descriptor: parseDescriptor(entry, `manifests[${i}]`),
      pushed: typeof pushed === 'string' ? pushed : undefined,
    };
  });
}

function fail(context: RequestContext): never {
  throw unsupported(context);
}

function unsupported(context: RequestContext): AppError {
  return new AppError('UNSUPPORTED', `cannot list the manifests of ${context.label}`);
}
