import { fillIn, knownRegistry } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import {
  registryConnection,
  registryUrl,
  type Connection,
  type RegistryDependencies,
} from '../requests.ts';
import type { Refusal } from '../errors/body.ts';
import type { Attempt } from '../requests.merge-attempt.ts';
import { refusalError } from '../errors/error.ts';
import { knownBy } from '../errors/hints.merge-known.ts';
import { notAList, pages } from './pages.ts';
import { CATALOG_SCOPE } from '../scopes.ts';
import { names, pageSize, type ListOptions } from './tags.ts';

/** Registries that answer a request for the catalog with this status have none. */
const NO_CATALOG: ReadonlySet<number> = new Set([404, 405, 501]);

/** @throws AppError UNSUPPORTED where the registry has no catalog */
export async function* listCatalog(
  deps: RegistryDependencies,
  registry: string,
  options: ListOptions = {},
): AsyncGenerator<readonly string[]> {
  const connection = registryConnection(deps, registry, [CATALOG_SCOPE]);
  const attempt: Attempt = { action: 'list repositories of', target: registry, kind: 'registry' };
  const url = await registryUrl(connection, `_catalog?n=${pageSize(options)}`, options);
  const listing = {
    attempt,
    url,
    key: (name: string) => name,
    entries: (body: unknown) => {
      const list = names(body, 'repositories');
      if (list === undefined) throw notAList(connection, attempt, 'list of repositories');
      return list;
    },
    refuse: (refusal: Refusal) => refuse(connection, attempt, refusal),
  };
  for await (const page of explained(connection, pages(connection, listing, options))) {
    const valid = page.filter((name) => /^[\w./-]{1,255}$/u.test(name));
    if (valid.length > 0) yield valid;
  }
}

/** A token server may refuse the very scope of a catalog that its registry does not have. */
async function* explained<T>(
  { registry }: Connection,
  listing: AsyncIterable<T>,
): AsyncGenerator<T> {
  try {
    yield* listing;
  } catch (error) {
    const known = knownRegistry(registry);
    const refused = error instanceof AppError && error.code === 'TOKEN_FAILED';
    if (!refused || error.details?.['status'] !== 403 || known?.catalog === undefined) throw error;
    throw new AppError('UNSUPPORTED', `${known.name} does not list its repositories`, {
      hint: fillIn(known.catalog.instead, { registry }),
      cause: error,
    });
  }
}

function refuse(connection: Connection, attempt: Attempt, refusal: Refusal): Error {
  // A host is what it is; what an answer suggests must not turn a refusal into "there is none".
  const denied = knownRegistry(connection.registry)?.catalog?.denied.includes(refusal.status);
  if (denied !== true && !NO_CATALOG.has(refusal.status)) {
    return refusalError(connection, attempt, refusal);
  }
  const instead =
    knownBy(connection, refusal)?.catalog?.instead ??
    'This registry does not list its repositories; ask its web page or its own API.';
  const hint = fillIn(instead, connection);
  return refusalError(connection, attempt, refusal, { code: 'UNSUPPORTED', hint });
}
