import { askedType, type AskedType } from '../../artifact/referrers/asked-type.ts';
import { allReferrers } from '../../artifact/referrers/summary.ts';
import { referrerTree, type ReferrerTree } from '../../artifact/referrers/tree.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isImageType } from '../../oci/media-types.ts';
import { matchesPlatform } from '../../oci/platform.ts';
import { fetchManifest } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { openRequestedImage } from '../input/image.ts';
import { requestedPlatform } from '../input/platform.ts';
import { readArgument, readCount, readFlag, readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { getContent } from './get.ts';
import { jsonOf, keepType } from './json.ts';
import { page } from './page.ts';

type ReferrersContext = Pick<
  Context,
  'locate' | 'openRead' | 'flags' | 'hostPlatform' | 'now' | 'note' | 'warn'
>;

/**
 * Returns the tree of referrers, or with `--get` the content of one.
 * @throws AppError MANIFEST_UNKNOWN, PLATFORM_UNKNOWN, RESPONSE_TOO_LARGE; USAGE for a type that is
 * no type, and for several contents without `--latest`
 */
export async function run(
  context: ReferrersContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(readArgument(input, 0, 'IMAGE'));
  const type = optionalType(readText(input, 'type'), '--type');
  const wanted = optionalType(readText(input, 'get'), '--get');
  const depth = readCount(input, 'depth', '--depth');
  await using store = await context.openRead(location, 'single', options);
  const { root, only } = await subjects(context, store, location.ref, wanted, options);
  const manifest = await fetchManifest(store, root, options);
  const { concurrency } = context.flags;
  const tree = await referrerTree(store, root, manifest, { ...options, concurrency, depth, only });
  if (wanted !== undefined) {
    const latest = readFlag(input, 'latest');
    return await getContent(store, tree, { wanted, latest, name: location.text }, options);
  }
  noteForm(context, tree);
  const shown = type === undefined ? tree : keepType(tree, type);
  const form = readText(input, 'jsonForm');
  return {
    kind: 'value',
    json: jsonOf(shown, { name: location.name, form }),
    text: (style) => page(shown, { title: location.text, now: context.now() }, style),
    ...(form === undefined ? {} : { defaultOutput: 'json' as const }),
  };
}

function optionalType(written: string | undefined, option: string): AskedType | undefined {
  return written === undefined ? undefined : askedType(written, option);
}

interface Subjects {
  readonly root: Descriptor;
  readonly only: ReadonlySet<Digest> | undefined;
}

/**
 * With `--platform` only the image of that platform. `--get` without it takes this machine's if the
 * index has it: one image has one SBOM.
 */
async function subjects(
  context: ReferrersContext,
  store: ReadStore,
  ref: string | undefined,
  wanted: AskedType | undefined,
  options: CallOptions,
): Promise<Subjects> {
  if (requestedPlatform(context) !== undefined) {
    const { root, descriptor } = await openRequestedImage(context, store, ref, options);
    return { root, only: new Set([descriptor.digest]) };
  }
  const root = await store.resolve(ref, { ...options, purpose: 'content' });
  if (wanted === undefined || isImageType(root.mediaType)) return { root, only: undefined };
  const manifest = await fetchManifest(store, root, options);
  const children = manifest.kind === 'index' ? manifest.manifests : [];
  const own = children.find(
    ({ platform }) => platform !== undefined && matchesPlatform(context.hostPlatform, platform),
  );
  return { root, only: own === undefined ? undefined : new Set([own.digest]) };
}

/** podman, skopeo, bootc and rpm-ostree read signatures only in cosign's tag. */
function noteForm({ note }: ReferrersContext, { root }: ReferrerTree): void {
  const signatures = allReferrers(root).filter(({ kinds }) => kinds.includes('signature'));
  if (signatures.length === 0 || signatures.some(({ source }) => source === 'digest-tag')) return;
  note('Podman and skopeo do not see these signatures: they read only the tag sha256-….sig');
}
