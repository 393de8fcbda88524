import { AppError } from '../errors/app-error.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageManifest, IndexManifest, Manifest } from '../oci/manifest.ts';
import { isForeignLayerType, isImageConfigType, isManifestType } from '../oci/media-types.ts';
import { formatPlatform, normalize, type Platform } from '../oci/platform.ts';
import { isAttestation, readConfig, REFERENCE_DIGEST } from '../store/index-entries.ts';
import { MAX_INDEX_DEPTH, tooDeepError } from '../store/index-traversal.ts';
import { fetchManifest } from '../store/manifests.ts';
import type { ReadStore } from '../store/types.ts';
import type { CallOptions } from '../util/abort.ts';
import { drain } from '../util/bytes.ts';
import { checkLayer } from './check-layer.ts';
import { configPlatform, parseImageConfig, type ImageConfig } from './config.ts';
import { layerKindOf } from './convert/layer-types.ts';
import { FileTree } from './files/file-tree.ts';
import { layersOf } from './files/image-files.ts';
import { withLayer, type ImageLayer } from './files/read-layer.ts';
import type { LayerSource } from './layer-bytes.ts';
import type { TarEntry } from './tar/entry.ts';

export interface ValidateOptions extends CallOptions {
  /** Whether layers are only looked for, not read. */
  readonly isFast?: boolean | undefined;
  /** Where layers are read from. Default: the store. */
  readonly source?: LayerSource | undefined;
}

/** Something that is wrong with an image. */
export interface Problem {
  /** The manifest in which it was found. */
  readonly digest: Digest;
  /** Of the image, where it is known. */
  readonly platform: string | undefined;
  readonly code: ErrorCode;
  readonly message: string;
}

/** What was checked so far. */
export interface Checked {
  readonly manifests: number;
  readonly layers: number;
  /** Compressed bytes of the layers that were read. */
  readonly bytes: number;
  readonly problems: readonly Problem[];
}

/** How a manifest was reached. */
interface Visit {
  readonly depth: number;
  /** What its index says of it. */
  readonly entry?: Descriptor;
}

/** Exit statuses of errors that are the image's fault: damaged or missing content. */
const FAULTS: ReadonlySet<number> = new Set([2, 5]);

/** Visits the manifests of an image, each once, and gathers what is wrong. */
export class Validator implements Checked {
  manifests = 0;
  layers = 0;
  bytes = 0;
  readonly problems: Problem[] = [];
  readonly #store: ReadStore;
  readonly #source: LayerSource;
  readonly #options: ValidateOptions;
  readonly #seen = new Set<string>();

  constructor(store: ReadStore, options: ValidateOptions) {
    this.#store = store;
    this.#source = options.source ?? store;
    this.#options = options;
  }

  async visit(descriptor: Descriptor, { depth, entry }: Visit): Promise<void> {
    if (this.#seen.has(descriptor.digest)) return;
    this.#seen.add(descriptor.digest);
    const at = this.#placeOf(descriptor, entry?.platform);
    await this.#guard(at, async () => {
      if (depth > MAX_INDEX_DEPTH) throw tooDeepError(this.#store.label);
      if (!isManifestType(descriptor.mediaType)) return this.#readBlob(descriptor);
      const manifest = await fetchManifest(this.#store, descriptor, this.#call);
      this.manifests += 1;
      if (manifest.kind === 'index') await this.#index(manifest, at, depth);
      else if (manifest.kind === 'image') await this.#image(manifest, at, entry);
      else throw unsupported(manifest);
    });
  }

  get #call(): CallOptions {
    return { signal: this.#options.signal };
  }

  async #index({ manifests }: IndexManifest, at: Place, depth: number): Promise<void> {
    const listed = new Set<string>(manifests.map(({ digest }) => digest));
    for (const entry of manifests) {
      const described = entry.annotations?.[REFERENCE_DIGEST];
      if (isAttestation(entry) && described !== undefined && !listed.has(described)) {
        this.#add(
          at,
          'INVALID_MANIFEST',
          `the attestation ${entry.digest} describes ${described}, which the index does not list`,
        );
      }
      await this.visit(entry, { depth: depth + 1, entry });
    }
  }

  async #image(manifest: ImageManifest, at: Place, entry: Descriptor | undefined): Promise<void> {
    const { config, layers } = manifest;
    const isImage =
      isImageConfigType(config.mediaType) &&
      layers.every(({ mediaType }) => layerKindOf(mediaType) !== undefined);
    const where = `${this.#store.label}@${at.digest}`;
    let own: ImageConfig | undefined;
    await this.#guard(at, async () => {
      const bytes = await readConfig(this.#store, config, where, this.#call);
      if (isImage) own = parseImageConfig(bytes);
    });
    // An artifact or an attestation: its layers are files of any kind.
    if (!isImage) return this.#blobs(layers, at);
    const place = { ...at, platform: platformText(own) ?? at.platform };
    if (own !== undefined) this.#checkConfig(own, manifest, place, entry?.platform);
    let checked: readonly ImageLayer[] = layers.map((descriptor) => ({
      descriptor,
      diffId: undefined,
    }));
    await this.#guard(place, async () => {
      if (own !== undefined) checked = layersOf(manifest, own, where);
    });
    if (this.#options.isFast === true) return this.#blobs(layers, place);
    const tree = new FileTree();
    let isWhole = true;
    for (const [number, layer] of checked.entries()) {
      // Without a lower layer, links of a higher one may lead nowhere.
      isWhole =
        (await this.#guard(place, () =>
          this.#layer(layer, place, (each) => {
            if (isWhole) tree.add(each, number);
          }),
        )) && isWhole;
    }
  }

  #checkConfig(
    config: ImageConfig,
    { layers }: ImageManifest,
    at: Place,
    listed: Platform | undefined,
  ): void {
    const steps = config.history.filter(({ emptyLayer }) => !emptyLayer).length;
    if (steps > layers.length) {
      this.#add(
        at,
        'INVALID_CONFIG',
        `the history has ${steps} steps that made a layer, the image has ${layers.length} layers`,
      );
    }
    const own = configPlatform(config);
    if (listed === undefined || own === undefined || isSamePlatform(listed, own)) return;
    this.#add(
      at,
      'INVALID_CONFIG',
      `the index lists it as ${formatPlatform(listed)}, its configuration says ${formatPlatform(own)}`,
    );
  }

  async #layer(layer: ImageLayer, at: Place, onEntry: (entry: TarEntry) => void): Promise<void> {
    const { descriptor } = layer;
    if (
      isForeignLayerType(descriptor.mediaType) &&
      !(await this.#store.has(descriptor, this.#call))
    )
      return;
    try {
      const options = { ...this.#call, onEntry };
      for (const text of await checkLayer(this.#source, layer, options))
        this.#add(at, 'INVALID_MANIFEST', text);
    } catch (error) {
      throw withLayer(error, this.#store.label, descriptor);
    }
    this.layers += 1;
    this.bytes += descriptor.size;
  }

  async #blobs(layers: readonly Descriptor[], at: Place): Promise<void> {
    for (const layer of layers) {
      await this.#guard(at, async () => {
        if (this.#options.isFast !== true) return this.#readBlob(layer);
        if (isForeignLayerType(layer.mediaType)) return;
        if (await this.#store.has(layer, this.#call)) return;
        throw new AppError('BLOB_UNKNOWN', `${this.#store.label} does not have ${layer.digest}`);
      });
    }
  }

  async #readBlob(descriptor: Descriptor): Promise<void> {
    await drain(await this.#source.fetch(descriptor, this.#call));
    this.layers += 1;
    this.bytes += descriptor.size;
  }

  /** Turns a fault of the image into a problem. @returns whether there was none */
  async #guard(at: Place, check: () => Promise<void>): Promise<boolean> {
    try {
      await check();
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || !FAULTS.has(error.exitStatus)) throw error;
      this.#add(at, error.code, error.message);
      return false;
    }
  }

  #add({ digest, platform }: Place, code: ErrorCode, message: string): void {
    this.problems.push({ digest, platform, code, message });
  }

  #placeOf({ digest }: Descriptor, platform: Platform | undefined): Place {
    return { digest, platform: platform === undefined ? undefined : formatPlatform(platform) };
  }
}

type Place = Pick<Problem, 'digest' | 'platform'>;

function platformText(config: ImageConfig | undefined): string | undefined {
  const platform = config === undefined ? undefined : configPlatform(config);
  return platform === undefined ? undefined : formatPlatform(platform);
}

/** A variant or version that only one of them names is no contradiction. */
function isSamePlatform(listed: Platform, own: Platform): boolean {
  const [a, b] = [normalize(listed), normalize(own)];
  const agree = (key: 'variant' | 'os.version'): boolean =>
    a[key] === undefined || b[key] === undefined || a[key] === b[key];
  return (
    a.os === b.os && a.architecture === b.architecture && agree('variant') && agree('os.version')
  );
}

function unsupported({ mediaType }: Manifest): AppError {
  return new AppError(
    'INVALID_MANIFEST',
    `it is a manifest of type ${mediaType}, which names no sizes to check`,
  );
}
