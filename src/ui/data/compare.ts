import type { ImageConfig } from '../../image/config.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { ImageFacts } from './image.ts';

/** A value that differs; `undefined`: that image does not have it. */
export interface Difference {
  readonly name: string;
  readonly values: readonly [string | undefined, string | undefined];
}

export interface Comparison {
  readonly config: readonly Difference[];
  readonly environment: readonly Difference[];
  readonly labels: readonly Difference[];
  readonly annotations: readonly Difference[];
  readonly platforms: readonly Difference[];
  /** Layers of the first image, then those that only the second has. */
  readonly layers: readonly {
    readonly descriptor: Descriptor;
    readonly inFirst: boolean;
    readonly inSecond: boolean;
  }[];
  readonly sharedBytes: number;
  readonly isSame: boolean;
}

type Values = ReadonlyMap<string, string>;

/** Compares the images that are shown of two names. */
export function compareImages(first: ImageFacts, second: ImageFacts): Comparison {
  const both = [first, second] as const;
  const compare = (valuesOf: (image: ImageFacts) => Values): readonly Difference[] =>
    differences(valuesOf(both[0]), valuesOf(both[1]));
  const [own, others] = both.map(layersOf) as [readonly Descriptor[], readonly Descriptor[]];
  const inFirst = new Set(own.map(({ digest }) => digest));
  const inSecond = new Set(others.map(({ digest }) => digest));
  const all = [...own, ...others.filter(({ digest }) => !inFirst.has(digest))];
  return {
    config: compare((image) => configValues(image.config)),
    environment: compare((image) => new Map((image.config?.env ?? []).map(splitPair))),
    labels: compare((image) => new Map(Object.entries(image.config?.labels ?? {}))),
    annotations: compare(({ manifest }) => new Map(Object.entries(manifest?.annotations ?? {}))),
    platforms: compare(platformValues),
    layers: all.map((descriptor) => ({
      descriptor,
      inFirst: inFirst.has(descriptor.digest),
      inSecond: inSecond.has(descriptor.digest),
    })),
    sharedBytes: own
      .filter(({ digest }) => inSecond.has(digest))
      .reduce((sum, { size }) => sum + size, 0),
    isSame: first.root.digest === second.root.digest,
  };
}

function layersOf({ manifest }: ImageFacts): readonly Descriptor[] {
  return manifest?.kind === 'image' ? manifest.layers : [];
}

function configValues(config: ImageConfig | undefined): Values {
  if (config === undefined) return new Map();
  const { entrypoint, cmd, exposedPorts, volumes } = config;
  const values: readonly (readonly [string, string | undefined])[] = [
    ['Created', config.created],
    ['System', config.os],
    ['Architecture', config.architecture],
    ['Entrypoint', entrypoint.length === 0 ? undefined : JSON.stringify(entrypoint)],
    ['Command', cmd.length === 0 ? undefined : JSON.stringify(cmd)],
    ['User', config.user],
    ['Working directory', config.workingDir],
    ['Ports', exposedPorts.join(', ') || undefined],
    ['Volumes', volumes.join(', ') || undefined],
    ['Author', config.author],
  ];
  return new Map(values.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function platformValues({ images }: ImageFacts): Values {
  return new Map(
    images.map(({ descriptor, platform }) => [
      platform === undefined ? descriptor.mediaType : formatPlatform(platform),
      descriptor.digest,
    ]),
  );
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function differences(first: Values, second: Values): readonly Difference[] {
  const names = [...new Set([...first.keys(), ...second.keys()])];
  return names
    .map((name) => ({ name, values: [first.get(name), second.get(name)] as const }))
    .filter(({ values: [a, b] }) => a !== b);
}
