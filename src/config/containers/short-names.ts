import { AppError } from '../../errors/app-error.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { looksLikeHost } from '../../reference/host.ts';

export interface ShortNames {
  readonly searchRegistries: readonly string[];
  readonly aliases: ReadonlyMap<string, string>;
  /** The file that names the search registries, for messages. */
  readonly file: string;
}

/** Whether a name has no registry in it: "busybox", "team/app:1". */
export function isShortName(text: string): boolean {
  const slash = text.indexOf('/');
  return slash < 0 || !looksLikeHost(text.slice(0, slash));
}

/**
 * Returns the full name of a short name if a file names search registries: its alias, else the
 * only search registry, else Docker Hub. No registry is asked which one has the image: the owner
 * of the name on the first registry that answers could then decide what is pulled.
 * @throws AppError INVALID_REFERENCE if several registries are possible, none of them Docker Hub
 */
export function expandShortName(text: string, names: ShortNames): string {
  const [, name = text, suffix = ''] = /^([^:@]*)(.*)$/su.exec(text) ?? [];
  const alias = names.aliases.get(name) ?? '';
  if (alias !== '') return `${alias}${suffix}`;
  const [only, ...others] = names.searchRegistries;
  if (only === undefined || names.searchRegistries.includes(DOCKER_HUB)) return text;
  if (others.length === 0) return `${only}/${text}`;
  const candidates = names.searchRegistries.map((host) => `${host}/${text}`);
  throw new AppError('INVALID_REFERENCE', `"${text}" can be ${candidates.join(' or ')}`, {
    hint: `Write the registry too, or add an alias for "${name}"; ${names.file} names these registries for short names.`,
  });
}
