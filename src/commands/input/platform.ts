import { AppError } from '../../errors/app-error.ts';
import { openImage, type ImageView } from '../../image/view.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parsePlatform, type Platform } from '../../oci/platform.ts';
import { checkManifestSize } from '../../store/manifests.ts';
import type { CallOptions, ReadStore } from '../../store/types.ts';
import { fetchAll } from '../../store/verify.ts';
import type { Context } from '../context.ts';

/** The one platform of `--platform`. @throws AppError INVALID_PLATFORM; USAGE for a list */
export function requestedPlatform(context: Context): Platform | undefined {
  const { platform } = context.flags;
  if (platform === undefined) return undefined;
  if (platform.includes(',')) {
    throw new AppError('USAGE', `--platform takes one platform here, not "${platform}"`, {
      hint: 'Run the command once for each platform.',
    });
  }
  return parsePlatform(platform);
}

/** @throws as openImage does */
export async function openRequestedImage(
  context: Context,
  store: ReadStore,
  ref: string | undefined,
  options: CallOptions,
): Promise<ImageView> {
  const platform = requestedPlatform(context);
  return openImage(store, ref, { ...options, platform, host: context.hostPlatform });
}

/** The stored bytes of what a name points at, or of the platform that was asked for. */
export async function readManifest(
  context: Context,
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
