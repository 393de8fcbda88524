import { AppError } from '../../errors/app-error.ts';
import { requireRepository } from '../../tags/find.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';

/** Matches all repositories below a prefix: HOST/PREFIX/**. */
const BELOW = /^(?:docker:\/\/)?(?<host>[^/]+)\/(?<prefix>.*?)\/?\*\*$/u;

/**
 * Resolves arguments to distinct repositories; a prefix stands for all repositories of the catalog
 * below it.
 * @throws AppError INVALID_REFERENCE, USAGE, REPOSITORY_UNKNOWN if nothing is below a prefix
 */
export async function findRepositories(
  context: Pick<Context, 'locate' | 'registry' | 'reference'>,
  names: readonly string[],
  options: CallOptions,
): Promise<readonly Location[]> {
  const found = new Map<string, Location>();
  for (const name of names) {
    for (const one of await repositoriesOf(context, name, options)) {
      const location = context.locate(one);
      requireRepository(location, one);
      found.set(`${location.scheme}:${location.name}`, location);
    }
  }
  return [...found.values()];
}

export function isPattern(name: string): boolean {
  return name.includes('*');
}

async function repositoriesOf(
  { registry, reference }: Pick<Context, 'registry' | 'reference'>,
  name: string,
  options: CallOptions,
): Promise<string[]> {
  if (!isPattern(name)) return [name];
  const { host, prefix } = BELOW.exec(name)?.groups ?? {};
  if (host === undefined || prefix === undefined || isPattern(prefix)) {
    throw new AppError('USAGE', `"${name}" is not a repository`, {
      hint: "For all repositories below a name write 'HOST/NAME/**', in quotes.",
    });
  }
  const start = prefix === '' ? '' : `${prefix}/`;
  const { registry: known } = reference(`${host}/${prefix === '' ? 'any' : prefix}`);
  const below: string[] = [];
  for await (const page of (await registry('single')).catalog(known, options)) {
    below.push(...page.filter((one) => one.startsWith(start)));
  }
  if (below.length > 0) return below.map((one) => `${host}/${one}`);
  throw new AppError('REPOSITORY_UNKNOWN', `${host} lists no repository below "${prefix}"`);
}
