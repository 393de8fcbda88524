import type { NamedRoot } from '../../build/index/children.ts';
import { AppError } from '../../errors/app-error.ts';
import { parseDescriptor, type Descriptor } from '../../oci/descriptor.ts';
import { isManifestType } from '../../oci/media-types.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import { asRecord } from '../../util/json.ts';
import type { Context } from '../context.ts';
import { inputBytes } from '../input/content.ts';
import type { Workspace, WorkspaceContext } from '../publish/workspace.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

export type SourcesContext = WorkspaceContext & Pick<Context, 'stdin'>;

/**
 * Resolves the images that a line names, and the descriptors in files: one, a list, or an index.
 * What a file lists is looked for in the other sources and in `home`, the store of the new index.
 * @throws AppError MANIFEST_UNKNOWN, INVALID_REFERENCE, INVALID_MANIFEST, IO
 */
export async function openRoots(
  context: SourcesContext,
  workspace: Workspace,
  { names, files }: { readonly names: readonly string[]; readonly files: readonly string[] },
  home: () => Promise<ReadStore>,
  options: CallOptions,
): Promise<readonly NamedRoot[]> {
  const named: NamedRoot[] = [];
  for (const name of names) {
    const location = context.locate(name);
    const { store, ref } = await workspace.source(location, options);
    const root = await store.resolve(ref, { ...options, purpose: 'content' });
    named.push({ store, root, text: location.text });
  }
  if (files.length === 0) return named;
  const stores = [...new Set([await home(), ...named.map(({ store }) => store)])];
  const listed: NamedRoot[] = [];
  for (const file of files) {
    for (const [at, root] of (await descriptorsIn(context, file, options)).entries()) {
      const store = await holderOf(root, file, stores, options);
      listed.push({ store, root, text: `${file}[${at}]` });
    }
  }
  return [...named, ...listed];
}

async function descriptorsIn(
  context: SourcesContext,
  file: string,
  options: CallOptions,
): Promise<readonly Descriptor[]> {
  const tooLarge = (): Error =>
    new AppError('INVALID_MANIFEST', `cannot read ${file}: it is larger than 4 MiB`);
  const bytes = await collect(inputBytes(context, file, options), MAX_FILE_BYTES, tooLarge);
  const json = parseJsonStrict(bytes, 'INVALID_MANIFEST', `descriptor in ${file}`);
  const list: unknown = Array.isArray(json) ? json : (asRecord(json)['manifests'] ?? [json]);
  return (Array.isArray(list) ? list : [list]).map((value: unknown, at) => {
    const listed = parseDescriptor(value, `${file}[${at}]`);
    if (isManifestType(listed.mediaType)) return listed;
    throw new AppError('INVALID_MANIFEST', `cannot list ${listed.digest}: it is not a manifest`, {
      why: [`${file} gives it the type ${listed.mediaType}`],
    });
  });
}

async function holderOf(
  root: Descriptor,
  file: string,
  stores: readonly ReadStore[],
  options: CallOptions,
): Promise<ReadStore> {
  for (const store of stores) if (await store.has(root, options)) return store;
  throw new AppError('MANIFEST_UNKNOWN', `cannot find ${root.digest}, which ${file} lists`, {
    why: [`looked in ${stores.map(({ label }) => label).join(', ')}`],
    hint: 'Name an image of the repository that has it as a source, too.',
  });
}
