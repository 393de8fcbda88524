import type { CallOptions } from '../../util/abort.ts';
import type { StorageProgram } from './program.ts';

/** Lists the tags of a repository in a storage. @throws AppError ENGINE_ERROR */
export async function tagsInStorage(
  program: StorageProgram,
  repository: string | undefined,
  options?: CallOptions,
): Promise<readonly string[]> {
  if (repository === undefined) return [];
  const format = program.name === 'podman' ? '{{.Repository}}:{{.Tag}}' : '{{.Name}}:{{.Tag}}';
  const listed = (await program.ask(['images', '--format', format], options)) ?? '';
  const bare = repository.replace(/^localhost\//u, '');
  const own =
    bare === repository
      ? [repository]
      : [repository, `docker.io/library/${bare}`, `docker.io/${bare}`];
  const tags = listed.split('\n').flatMap((line) => {
    const colon = line.trim().lastIndexOf(':');
    return own.includes(line.trim().slice(0, colon)) ? [line.trim().slice(colon + 1)] : [];
  });
  return [...new Set(tags)].filter((tag) => tag !== '<none>').toSorted();
}
