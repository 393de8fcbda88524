import { AppError, IntegrityError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { type Descriptor } from '../../oci/descriptor.ts';
import { isRecord } from '../../util/json.ts';
import { digestOf, isDigest, type Digest } from '../../oci/digest.ts';
import { IMAGE_CONFIG } from '../../oci/document-members.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { describeManifest, parseManifest, type Manifest } from '../../oci/manifest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { MAX_CONFIG_BYTES } from '../../store/index-entries.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { TarArchive } from '../tar/archive.ts';
import type { Compression } from '../tar/decompress.ts';
import { corruptArchive, type TarMember } from '../tar/members.ts';
import { digestOfMember, LAYER_TYPE, type LayerInfo, readLayerInfo } from './layers.ts';
import { type DockerImageEntry, parseManifestJson } from './manifest-json.ts';

/** Enough for about 10 000 images. */
const MAX_LIST_BYTES = 32 * 1024 * 1024;

/** A manifest built for an image, because the archive itself contains none. */
export interface SynthesizedManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** An archive written by `docker save` or a compatible tool. */
export class DockerArchiveFile {
  readonly tar: TarArchive;
  readonly images: readonly DockerImageEntry[];
  readonly #known: ReadonlyMap<string, LayerInfo>;
  readonly #made = new Map<DockerImageEntry, Promise<SynthesizedManifest>>();
  readonly #ready: SynthesizedManifest[] = [];
  readonly #content = new Map<Digest, TarMember>();
  readonly #looked = new Map<string, LayerInfo>();
  readonly #digests = new Map<string, Digest>();

  /** `known`: facts about layers, by member name, collected while a stream was read. */
  constructor(
    tar: TarArchive,
    images: readonly DockerImageEntry[],
    known: ReadonlyMap<string, LayerInfo> = new Map(),
  ) {
    this.tar = tar;
    this.images = images;
    this.#known = known;
  }

  /**
   * Builds a Docker schema 2 manifest for an image; the digests are those of the stored bytes.
   * @throws AppError CORRUPT_ARCHIVE, INVALID_CONFIG; IntegrityError
   */
  async synthesize(image: DockerImageEntry, options?: CallOptions): Promise<SynthesizedManifest> {
    const made =
      this.#made.get(image) ??
      this.#build(image, options).catch((error: unknown) => {
        this.#made.delete(image);
        throw error;
      });
    this.#made.set(image, made);
    return made;
  }

  async synthesizeAll(options?: CallOptions): Promise<readonly SynthesizedManifest[]> {
    const all: SynthesizedManifest[] = [];
    for (const image of this.images) all.push(await this.synthesize(image, options));
    return all;
  }

  /** Finds the manifest with this digest; manifests that were already built are checked first. */
  async find(digest: Digest, options?: CallOptions): Promise<SynthesizedManifest | undefined> {
    const isIt = ({ descriptor }: SynthesizedManifest): boolean => descriptor.digest === digest;
    return this.#ready.find(isIt) ?? (await this.synthesizeAll(options)).find(isIt);
  }

  /** The member that holds a config or layer of a manifest built here. */
  memberOf(digest: Digest): TarMember | undefined {
    return this.#content.get(digest);
  }

  async #build(image: DockerImageEntry, options?: CallOptions): Promise<SynthesizedManifest> {
    const config = await this.#config(image);
    const layers: Descriptor[] = [];
    for (const [i, name] of image.Layers.entries())
      layers.push(await this.#layer(name, config.diffIds?.[i], options));
    const body = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.dockerManifest,
      config: config.descriptor,
      layers,
    };
    const manifest = parseManifest(Buffer.from(JSON.stringify(body)), MEDIA_TYPE.dockerManifest);
    const made = { descriptor: describeManifest(manifest), manifest };
    this.#ready.push(made);
    return made;
  }

  async #config({ Config, Layers }: DockerImageEntry): Promise<{
    descriptor: Descriptor;
    diffIds: readonly Digest[] | undefined;
  }> {
    const where = `${this.tar.path}: ${sanitize(Config.slice(0, 200))}`;
    const member = this.#member(Config);
    const bytes = await this.tar.small(Config, MAX_CONFIG_BYTES);
    if (bytes === undefined) throw this.#missing(Config);
    const digest = digestOf(bytes);
    checkName(Config, digest, where);
    this.#content.set(digest, member);
    const descriptor = { mediaType: MEDIA_TYPE.dockerConfig, size: bytes.byteLength, digest };
    const diffIds = diffIdsOf(bytes, where);
    if (diffIds !== undefined && diffIds.length !== Layers.length) {
      const rule = `its configuration knows ${diffIds.length} layers, manifest.json ${Layers.length}`;
      throw corruptArchive(where, rule);
    }
    return { descriptor, diffIds };
  }

  async #layer(
    name: string,
    diffId: Digest | undefined,
    options?: CallOptions,
  ): Promise<Descriptor> {
    const member = this.#member(name);
    const info = this.#known.get(member.name) ?? (await this.#factsOf(member, options));
    const isPlain = info.compression === 'none';
    const digest =
      (isPlain ? diffId : undefined) ??
      info.digest ??
      (await this.#digestOf(member, info.compression, options));
    if (isPlain && info.digest !== undefined && info.digest !== digest) {
      throw new IntegrityError(
        'DIGEST_MISMATCH',
        `${this.tar.path}: ${sanitize(member.name)} is not the layer that the configuration names`,
        { expected: digest, actual: info.digest },
        { hint: 'The archive was altered or damaged; write it again from its source.' },
      );
    }
    this.#content.set(digest, member);
    return { mediaType: LAYER_TYPE[info.compression], size: info.size, digest };
  }

  /** A list may name the same layer many times; it is read once. */
  async #factsOf(member: TarMember, options?: CallOptions): Promise<LayerInfo> {
    const info = this.#looked.get(member.name) ?? (await readLayerInfo(this.tar, member, options));
    this.#looked.set(member.name, info);
    return info;
  }

  async #digestOf(
    member: TarMember,
    compression: Compression,
    options?: CallOptions,
  ): Promise<Digest> {
    const known = this.#digests.get(member.name);
    const digest = known ?? (await digestOfMember(this.tar, member, compression, options));
    this.#digests.set(member.name, digest);
    return digest;
  }

  #member(name: string): TarMember {
    const member = this.tar.find(name);
    if (member === undefined) throw this.#missing(name);
    return member;
  }

  #missing(name: string): AppError {
    const shown = sanitize(name.slice(0, 200));
    return corruptArchive(this.tar.path, `manifest.json names "${shown}", which is not there`);
  }
}

/** @throws AppError CORRUPT_ARCHIVE if there is no manifest.json */
export async function readDockerArchive(
  tar: TarArchive,
  known?: ReadonlyMap<string, LayerInfo>,
): Promise<DockerArchiveFile> {
  const list = await tar.small('manifest.json', MAX_LIST_BYTES);
  if (list === undefined) throw notADockerArchive(tar);
  return new DockerArchiveFile(tar, parseManifestJson(list, tar.path), known);
}

function notADockerArchive(tar: TarArchive): AppError {
  const is = (name: string): boolean => tar.find(name) !== undefined;
  const hint = is('index.json')
    ? `It is an OCI layout: name it oci-archive:${tar.path}.`
    : is('repositories')
      ? 'An engine older than Docker 1.10 wrote it: load it into a newer one and save it again.'
      : 'Write it with "docker save", "podman save" or regctl copy.';
  return new AppError('CORRUPT_ARCHIVE', `${tar.path} holds no manifest.json`, { hint });
}

/** Checks the name of a configuration, which contains its digest in every layout. */
function checkName(name: string, digest: Digest, where: string): void {
  const hex = /(?:^|[/:])([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  if (hex === undefined || digest === `sha256:${hex}`) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `${where}: the configuration has digest ${digest}`,
    { expected: `sha256:${hex}`, actual: digest },
    { hint: 'The archive was altered or damaged; write it again from its source.' },
  );
}

/** `undefined` if the configuration has none. @throws AppError INVALID_CONFIG */
function diffIdsOf(bytes: Uint8Array, where: string): readonly Digest[] | undefined {
  const json = parseJsonStrict(bytes, 'INVALID_CONFIG', where, IMAGE_CONFIG);
  const rootfs = isRecord(json) ? json['rootfs'] : undefined;
  const list = isRecord(rootfs) ? rootfs['diff_ids'] : undefined;
  if (list === undefined || list === null) return undefined;
  if (
    Array.isArray(list) &&
    list.every((one): one is Digest => typeof one === 'string' && isDigest(one))
  )
    return list;
  throw new AppError(
    'INVALID_CONFIG',
    `${where} has rootfs.diff_ids that are not a list of digests`,
  );
}
