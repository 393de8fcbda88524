import { resolve } from 'node:path';
import { packArtifact, type PackedArtifact } from '../../artifact/files/manifest.ts';
import { pushArtifact } from '../../artifact/files/push.ts';
import { TITLE } from '../../artifact/annotations.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { MEDIA_TYPE } from '../../oci/media-types.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { goJson } from '../../artifact/files/go-json.ts';
import { sourceFromBytes } from '../../store/verify.ts';
import type { Source, WriteStore } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { writeNamedFile } from '../output/named-file.ts';
import { readText, rejectTogether } from '../input/read.ts';
import type { Input } from '../types.ts';
import type { GivenAnnotations } from './annotations.ts';
import type { GivenFiles } from './files.ts';

export interface Publishing {
  readonly files: GivenFiles;
  readonly annotations: GivenAnnotations;
  readonly artifactType: string | undefined;
  readonly subject?: Descriptor | undefined;
  readonly tags: readonly string[];
}

/** Writes files as an artifact. @throws AppError USAGE, and what the store throws */
export async function publish(
  context: Pick<Context, 'cwd' | 'emit' | 'flags' | 'now'>,
  input: Input,
  store: WriteStore,
  { files, annotations, artifactType, subject, tags }: Publishing,
  options: CallOptions,
): Promise<PackedArtifact> {
  const config = files.config ?? platformConfig(input);
  const packed = packArtifact({
    artifactType,
    config: config?.descriptor,
    configAnnotations: annotations.config,
    layers: files.layers.map(({ descriptor }) => descriptor),
    subject,
    annotations: annotations.manifest,
    imageSpec: imageSpecOf(input, config, artifactType),
    created: `${context.now().toISOString().slice(0, 19)}Z`,
  });
  const sources = [...(config === undefined ? [] : [config]), ...files.layers];
  await pushArtifact(store, packed, sources, {
    ...options,
    concurrency: context.flags.concurrency,
    tags,
    onEvent: (event) => context.emit(event),
  });
  const path = readText(input, 'exportManifest');
  if (path !== undefined) await writeNamedFile(resolve(context.cwd, path), packed.raw);
  return packed;
}

/** As ORAS: a configuration without an artifact type says itself what the artifact is. */
function imageSpecOf(
  input: Input,
  config: Source | undefined,
  artifactType: string | undefined,
): 'v1.0' | 'v1.1' {
  const given = readText(input, 'imageSpec');
  const isOwn = readText(input, 'config') !== undefined;
  if (given === undefined) return isOwn && artifactType === undefined ? 'v1.0' : 'v1.1';
  if (given === 'v1.1' && isOwn && artifactType === undefined) {
    throw new AppError('USAGE', '--image-spec v1.1 with --config needs an artifact type', {
      hint: 'Add --artifact-type TYPE',
    });
  }
  if (given === 'v1.0' && config !== undefined && artifactType !== undefined) {
    throw new AppError('USAGE', '--image-spec v1.0 takes --artifact-type or a configuration', {
      hint: 'There, the type of the configuration is the artifact type.',
    });
  }
  return given as 'v1.0' | 'v1.1';
}

/** A configuration that names only a platform. */
function platformConfig(input: Input): Source | undefined {
  const written = readText(input, 'artifactPlatform');
  rejectTogether({
    '--artifact-platform': written !== undefined,
    '--config': readText(input, 'config') !== undefined,
  });
  if (written === undefined) return undefined;
  const { architecture, os, variant, 'os.version': version } = parsePlatform(written);
  const data = goJson({ architecture, os, 'os.version': version, variant });
  const descriptor = {
    mediaType: MEDIA_TYPE.ociConfig,
    digest: digestOf(data),
    size: data.byteLength,
  };
  return sourceFromBytes(descriptor, data);
}

export function publishedJson(
  { descriptor, artifactType }: PackedArtifact,
  { layers }: GivenFiles,
): object {
  return {
    Digest: descriptor.digest,
    MediaType: descriptor.mediaType,
    Size: descriptor.size,
    ArtifactType: artifactType,
    Files: layers.map(({ descriptor: one }) => ({
      Title: one.annotations?.[TITLE] ?? null,
      Digest: one.digest,
      MediaType: one.mediaType,
      Size: one.size,
    })),
  };
}
