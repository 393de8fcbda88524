import { AppError } from '../../errors/app-error.ts';
import { openImage, type ImageView } from '../../image/view.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parsePlatforms, type Platform } from '../../oci/platform.ts';
import { checkManifestSize } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { fetchAll } from '../../store/verify.ts';
import type { DetailsOptions } from '../../tags/details.ts';
import type { Context } from '../context.ts';

/**
 * The one platform of `--platform`, or of skopeo's `--override-…`. @throws AppError
 * INVALID_PLATFORM; USAGE for a list
 */
export function requestedPlatform({ flags }: Pick<Context, 'flags'>): Platform | undefined {
  const { platform, override } = flags;
  if (platform === undefined) return override;
  const [only, ...more] = parsePlatforms(platform);
  if (more.length > 0) {
    throw new AppError('USAGE', `--platform takes one platform here, not "${platform}"`, {
      hint: 'Run the command once for each platform.',
    });
  }
  return only;
}

type PlatformContext = Pick<Context, 'flags' | 'hostPlatform' | 'note'>;

/** How tags are described and looked up. @throws AppError as requestedPlatform */
export function detailsOptions(
  context: Omit<PlatformContext, 'note'>,
  options: CallOptions,
): DetailsOptions {
  const { concurrency } = context.flags;
  const platform = requestedPlatform(context);
  return { ...options, concurrency, platform, host: context.hostPlatform };
}

/** @throws as openImage does */
export async function openRequestedImage(
  context: PlatformContext,
  store: ReadStore,
  ref: string | undefined,
  options: CallOptions,
): Promise<ImageView> {
  const platform = requestedPlatform(context);
  const view = await openImage(store, ref, { ...options, platform, host: context.hostPlatform });
  if (view.note !== undefined) context.note(view.note);
  return view;
}

/** The stored bytes of what a name points at, or of the platform that was asked for. */
export async function readManifest(
  context: PlatformContext,
  store: ReadStore,
  ref: string | undefined,
  options: CallOptions,
): Promise<{ readonly descriptor: Descriptor; readonly raw: Uint8Array }> {
  if (requestedPlatform(context) !== undefined) {
    const { descriptor, manifest } = await openRequestedImage(context, store, ref, options);
    return { descriptor, raw: manifest.raw };
  }
  const descriptor = await store.resolve(ref, { ...options, purpose: 'content' });
  checkManifestSize(descriptor, `${store.label}: ${descriptor.digest}`);
  return { descriptor, raw: await fetchAll(store, descriptor, options) };
}
