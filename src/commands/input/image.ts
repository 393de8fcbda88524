import { openImage, type ImageView } from '../../image/view.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { checkManifestSize } from '../../store/manifests.ts';
import type { ReadStore } from '../../store/types.ts';
import { fetchAll } from '../../store/verify.ts';
import type { CallOptions } from '../../util/abort.ts';
import { requestedPlatform, type PlatformContext } from './platform.ts';

/** Opens the image of the requested platform. @throws as openImage does */
export async function openRequestedImage(
  context: PlatformContext,
  store: ReadStore,
  ref: string | undefined,
  options: CallOptions,
): Promise<ImageView> {
  const platform = requestedPlatform(context);
  const view = await openImage(store, ref, { ...options, platform, host: context.hostPlatform });
  // A warning, as scripts do not see remarks: the image may not be quite what they asked for.
  if (view.note !== undefined) context.warn(view.note);
  return view;
}

/** Reads the stored bytes of the manifest that a name points to, or of the requested platform. */
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
