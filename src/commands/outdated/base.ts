import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { isBasedOn } from '../../image/based-on.ts';
import { openPlatforms } from '../../image/compare.ts';
import type { Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { requestedPlatform } from '../input/platform.ts';
import { readText } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

/** An image in the JSON. */
interface BaseReport {
  readonly Image: string;
  readonly Digest: Digest;
  readonly Base: string;
  readonly BaseDigest: Digest;
  /** Platforms whose layers or history do not begin with those of the base. */
  readonly Platforms: readonly string[];
  readonly Outdated: boolean;
}

/**
 * Checks whether the layers and histories of images begin with those that a base image has now,
 * platform by platform. Layers are not read.
 * @throws AppError USAGE, MANIFEST_UNKNOWN
 */
export async function runBase(
  context: Pick<Context, 'locate' | 'openRead' | 'flags'>,
  names: readonly string[],
  baseName: string,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const location = context.locate(baseName);
  const expected = readText(input, 'baseDigest');
  const call = { ...options, platform: requestedPlatform(context) };
  await using baseStore = await context.openRead(location, 'single', options);
  const base =
    expected === undefined
      ? await openPlatforms(baseStore, location.ref, call)
      : { root: await baseStore.resolve(location.ref, options), leaves: new Map<string, never>() };
  const reports: BaseReport[] = [];
  for (const name of names) {
    const image = context.locate(name);
    await using store = await context.openRead(image, 'single', options);
    if (expected !== undefined) {
      const root = await store.resolve(image.ref, options);
      const isOutdated = base.root.digest !== expected;
      reports.push(report(image.text, root.digest, [], isOutdated));
      continue;
    }
    const { root, leaves } = await openPlatforms(store, image.ref, call);
    const moved = [...leaves].flatMap(([platform, leaf]) => {
      const below = base.leaves.get(platform);
      return below !== undefined && isBasedOn(leaf, below) ? [] : [platform];
    });
    if (leaves.size === 0) throw noImage(image.text);
    reports.push(report(image.text, root.digest, moved, moved.length > 0));
  }
  function report(
    text: string,
    digest: Digest,
    platforms: readonly string[],
    isOutdated: boolean,
  ): BaseReport {
    return {
      Image: text,
      Digest: digest,
      Base: location.text,
      BaseDigest: base.root.digest,
      Platforms: platforms,
      Outdated: isOutdated,
    };
  }
  return {
    kind: 'value',
    json: reports,
    text: () => reports.map(line).join('\n'),
    exit: reports.some((one) => one.Outdated) ? 3 : 0,
  };
}

function line({ Image, Base, Platforms, Outdated }: BaseReport): string {
  const verdict = Outdated ? 'has changed' : 'matches';
  const where = Platforms.length === 0 ? '' : ` (${Platforms.join(', ')})`;
  return `${sanitize(Image)}: base image ${verdict}: ${sanitize(Base)}${where}`;
}

function noImage(name: string): AppError {
  return new AppError('UNSUPPORTED', `${name} has no image of a known platform`);
}
