import { fillTemplate, knownRegistry } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import {
  registryContext,
  registryUrl,
  type RequestContext,
  type RegistryDependencies,
  type Operation,
} from '../requests.ts';
import type { ErrorResponse } from '../errors/body.ts';
import { registryErrorFrom } from '../errors/error.ts';
import { knownRegistryOf } from '../errors/hints.ts';
import { notAList, pages } from './pages.ts';
import { CATALOG_SCOPE } from '../scopes.ts';
import { stringsIn, pageQuery } from './tags.ts';
import type { ListOptions } from '../types.ts';

/** Registries that answer a catalog request with this status have none. */
const NO_CATALOG: ReadonlySet<number> = new Set([404, 405, 501]);

/** @throws AppError UNSUPPORTED if the registry has no catalog */
export async function* listCatalog(
  deps: RegistryDependencies,
  registry: string,
  options: ListOptions = {},
): AsyncGenerator<readonly string[]> {
  const context = registryContext(deps, registry, [CATALOG_SCOPE]);
  const operation: Operation = {
    action: 'list repositories of',
    target: registry,
    kind: 'registry',
  };
  const url = await registryUrl(context, `_catalog?${pageQuery(options)}`, options);
  const listing = {
    operation,
    url,
    key: (name: string) => name,
    entries: (body: unknown) => {
      const list = stringsIn(body, 'repositories');
      if (list === undefined) throw notAList(context, operation, 'list of repositories');
      return list;
    },
    refuse: (answer: ErrorResponse) => refuse(context, operation, answer),
  };
  for await (const page of withCatalogHint(context, pages(context, listing, options))) {
    const valid = page.filter((name) => /^[\w./-]{1,255}$/u.test(name));
    if (valid.length > 0) yield valid;
  }
}

/** A token server may already refuse the catalog scope if its registry has no catalog. */
async function* withCatalogHint<T>(
  { registry }: RequestContext,
  listing: AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* listing;
  } catch (error) {
    const known = knownRegistry(registry);
    const refused = error instanceof AppError && error.code === 'TOKEN_FAILED';
    if (!refused || error.details?.['status'] !== 403 || known?.catalog === undefined) throw error;
    throw new AppError('UNSUPPORTED', `${known.name} does not list its repositories`, {
      hint: fillTemplate(known.catalog.alternative, { registry }),
      cause: error,
    });
  }
}

function refuse(context: RequestContext, operation: Operation, answer: ErrorResponse): Error {
  // Only the host counts: a fingerprint must not turn a refusal into "there is no catalog".
  const denied = knownRegistry(context.registry)?.catalog?.denied.includes(answer.status);
  if (denied !== true && !NO_CATALOG.has(answer.status)) {
    return registryErrorFrom(context, operation, answer);
  }
  const instead =
    knownRegistryOf(context, answer)?.catalog?.alternative ??
    'This registry does not list its repositories; ask its web page or its own API.';
  const hint = fillTemplate(instead, context);
  return registryErrorFrom(context, operation, answer, { code: 'UNSUPPORTED', hint });
}
