import { fillIn, knownRegistry } from '../config/registry-advice.ts';
import {
  registryConnection,
  registryUrl,
  type Connection,
  type RegistryDependencies,
} from './connection.ts';
import type { Refusal } from './error-body.ts';
import type { Attempt } from './attempt.ts';
import { refusalError } from './errors.ts';
import { notAList, pages } from './pagination.ts';
import { CATALOG_SCOPE } from './scopes.ts';
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
  for await (const page of pages(connection, listing, options)) {
    const valid = page.filter((name) => /^[\w./-]{1,255}$/u.test(name));
    if (valid.length > 0) yield valid;
  }
}

function refuse(connection: Connection, attempt: Attempt, refusal: Refusal): Error {
  const known = knownRegistry(connection.registry, refusal.headers)?.catalog;
  const none = NO_CATALOG.has(refusal.status) || known?.denied.includes(refusal.status) === true;
  if (!none) return refusalError(connection, attempt, refusal);
  const hint =
    known === undefined
      ? 'This registry does not list its repositories; ask its web page or its own API.'
      : fillIn(known.instead, connection);
  return refusalError(connection, attempt, refusal, { code: 'UNSUPPORTED', hint });
}
