import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import type {
  ImageManifest,
  IndexManifest,
  Manifest,
  Schema1Manifest,
} from '../../oci/manifest.ts';
import { isManifestType } from '../../oci/media-types.ts';
import type { Platform } from '../../oci/platform.ts';
import { ManifestBudget, schema1Error } from '../../store/manifests.ts';
import { platformOfConfig } from '../../store/index-entries.ts';
import { MAX_INDEX_DEPTH, tooDeepError } from '../../store/index-traversal.ts';
import { digestChangedError } from '../../store/errors.ts';
import type { ReadStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { fetchAll } from '../../store/verify.ts';
import { createLimiter, type Limiter } from '../../util/limiter.ts';
import { mapParallel } from '../../util/parallel.ts';
import { type ConversionSite, convertImage, hasOtherTypes } from './image-manifest.ts';
import {
  childrenIn,
  convertIndex,
  otherPlatforms,
  type IndexChild,
  type ConvertedChild,
} from './index-manifest.ts';
import type { ManifestNode } from './edit-json.ts';
import { recompressLayers } from './image-layers.ts';
import { planImage } from './layer-plan.ts';
import { formatOf } from './layer-types.ts';
import { convertSchema1 } from './schema1.ts';
import type { MeasuredLayer, Recompressor } from './recompress.ts';
import type { ConvertOptions, ManifestFormat } from './types.ts';

/** One position in the graph, and the request that led to it. */
interface Visit {
  readonly signal: AbortSignal | undefined;
  readonly depth: number;
}

/** Converts each manifest once, children first. */
export class ImageConverter {
  readonly #source: ReadStore;
  readonly #layers: Recompressor;
  readonly #options: ConvertOptions;
  readonly #limiter: Limiter;
  readonly #running = new Map<Digest, Promise<Descriptor>>();
  readonly #made = new Map<Digest, ManifestNode>();
  readonly #changed = new Set<Digest>();
  /** Configurations created for images that had none. */
  readonly #configs = new Map<Digest, Uint8Array>();
  readonly #warned = new Set<string>();
  /** Limits the memory for converted manifests, which are kept until the end. */
  readonly #budget = new ManifestBudget();

  constructor(source: ReadStore, layers: Recompressor, options: ConvertOptions) {
    this.#source = source;
    this.#layers = layers;
    this.#options = options;
    this.#limiter = createLimiter(options.concurrency ?? 4);
  }

  /** A configuration that the conversion created. */
  config(digest: Digest): Uint8Array | undefined {
    return this.#configs.get(digest);
  }

  /** A converted manifest by its new digest. */
  made(digest: Digest): ManifestNode | undefined {
    return this.#made.get(digest);
  }

  /** Whether the conversion created the digest, so that nothing in the source refers to it. */
  isChanged(digest: Digest): boolean {
    return this.#changed.has(digest);
  }

  /** Converts a manifest; the descriptor describes only the manifest, without a platform. */
  convert(
    descriptor: Descriptor,
    visit: Visit = { signal: undefined, depth: 0 },
  ): Promise<Descriptor> {
    const { digest } = descriptor;
    const running = this.#running.get(digest);
    if (running !== undefined) return running;
    const started = this.#convert(descriptor, visit).catch((error: unknown) => {
      this.#running.delete(digest);
      throw error;
    });
    this.#running.set(digest, started);
    return started;
  }

  async #convert({ mediaType, digest, size }: Descriptor, visit: Visit): Promise<Descriptor> {
    const { label } = this.#source;
    if (visit.depth > MAX_INDEX_DEPTH) throw tooDeepError(label);
    const own = { mediaType, digest, size };
    const manifest = await this.#slot(visit, (signal) =>
      this.#budget.fetch(this.#source, own, { signal }),
    );
    const site: ConversionSite = { label, digest, warn: (text) => this.#warnOnce(text) };
    const node = (await this.#changedForm(manifest, site, visit)) ?? { descriptor: own, manifest };
    this.#made.set(node.descriptor.digest, node);
    if (node.descriptor.digest !== digest) this.#changed.add(node.descriptor.digest);
    return node.descriptor;
  }

  /** The converted form; `undefined` if nothing has to change. */
  #changedForm(
    manifest: Manifest,
    site: ConversionSite,
    visit: Visit,
  ): Promise<ManifestNode | undefined> {
    switch (manifest.kind) {
      case 'index':
        return this.#index(manifest, site, visit);
      case 'image':
        return this.#image(manifest, site, visit);
      case 'schema1':
        return this.#schema1(manifest, site, visit);
    }
  }

  /**
   * Converts schema 1 only if a format was requested, because the digest changes and the signature
   * is lost.
   */
  async #schema1(
    manifest: Schema1Manifest,
    site: ConversionSite,
    visit: Visit,
  ): Promise<ManifestNode> {
    const { format } = this.#options;
    const { sizes } = this.#source.capabilities;
    if (format === undefined || sizes === undefined) throw schema1Error(this.#source);
    this.#mayChange(site, `be converted to ${format}`);
    if (this.#options.compression !== undefined)
      site.warn('the layers of a schema 1 image are copied as they are compressed');
    const measure = (digest: Digest, call: CallOptions): Promise<MeasuredLayer> =>
      this.#slot({ ...visit, signal: call.signal }, (signal) =>
        this.#layers.measure(digest, sizes, signal),
      );
    const { node, config } = await convertSchema1(manifest, site.digest, format, (layers) =>
      mapParallel(layers, layers.length, measure, { signal: visit.signal }),
    );
    this.#configs.set(digestOf(config), config);
    return node;
  }

  async #image(
    manifest: ImageManifest,
    site: ConversionSite,
    visit: Visit,
  ): Promise<ManifestNode | undefined> {
    const plan = planImage(manifest, this.#options);
    const own = formatOf(manifest.mediaType);
    const recompresses = plan.layers.some((one) => one !== undefined);
    const isMixed = this.#options.format !== undefined && hasOtherTypes(manifest, plan.format);
    if (plan.format === own && !recompresses && !isMixed) return undefined;
    const change = recompresses ? 'get other layers' : 'get other media types';
    this.#mayChange(site, plan.format === own ? change : `be converted to ${plan.format}`);
    if (plan.format !== own && this.#options.format === undefined)
      site.warn('Docker v2s2 has no zstd layers: the image is converted to OCI');
    if (recompresses && this.#options.compression === undefined)
      site.warn('v2s2 has no zstd layers: they are compressed with gzip instead');
    const layers = recompresses
      ? await recompressLayers(manifest, plan, site, {
          source: this.#source,
          layers: this.#layers,
          slot: (signal, task) => this.#slot({ ...visit, signal }, task),
          note: this.#options.note,
          signal: visit.signal,
        })
      : manifest.layers;
    return convertImage(manifest, layers, plan.format, site);
  }

  async #index(
    manifest: IndexManifest,
    site: ConversionSite,
    visit: Visit,
  ): Promise<ManifestNode | undefined> {
    const wanted = this.#options.format;
    const own = formatOf(manifest.mediaType);
    if (wanted !== undefined && wanted !== own) this.#mayChange(site, `be converted to ${wanted}`);
    const kept = childrenIn(manifest, wanted, site);
    const idle = otherPlatforms(kept, this.#options.platforms);
    const convertChild = async (
      child: IndexChild,
      { signal }: CallOptions,
    ): Promise<ConvertedChild> =>
      idle.has(child)
        ? { ...child, after: child.before, platform: child.before.platform }
        : this.#child(child, wanted ?? own, { signal, depth: visit.depth + 1 });
    const children = await mapParallel(kept, Infinity, convertChild, { signal: visit.signal });
    const changed = children.filter(({ before, after }) => before.digest !== after.digest);
    // If an image had to become OCI, so does the list.
    const becameOci = changed.some(({ after }) => formatOf(after.mediaType) === 'oci');
    const format = wanted ?? (becameOci ? 'oci' : own);
    const complete = kept.length === manifest.manifests.length;
    if (complete && changed.length === 0 && format === own) return undefined;
    this.#mayChange(site, 'be rewritten around its changed images');
    return convertIndex(manifest, children, format, site);
  }

  async #child(child: IndexChild, format: ManifestFormat, visit: Visit): Promise<ConvertedChild> {
    const { before } = child;
    const isBlob = !isManifestType(before.mediaType);
    const after = isBlob ? before : await this.convert(before, visit);
    const platform = before.platform ?? (await this.#platformFor(format, after, visit));
    return { ...child, after, platform };
  }

  /** An OCI index may leave the platform to the configuration; Docker's list may not. */
  async #platformFor(
    format: ManifestFormat,
    { digest }: Descriptor,
    visit: Visit,
  ): Promise<Platform | undefined> {
    const manifest = this.#made.get(digest)?.manifest;
    if (format === 'oci' || manifest?.kind !== 'image') return undefined;
    const { config } = manifest;
    return platformOfConfig(
      await this.#slot(visit, (signal) => fetchAll(this.#source, config, { signal })),
    );
  }

  /** Holds a slot during one transfer, never while waiting for children. */
  #slot<T>({ signal }: Visit, task: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return this.#limiter.run(() => task(signal), signal);
  }

  #mayChange({ label, digest }: ConversionSite, change: string): void {
    if (this.#options.preserveDigests === true) throw digestChangedError(label, { digest }, change);
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.warn(text);
  }
}
