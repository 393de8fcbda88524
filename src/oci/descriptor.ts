import { stringRecord, isRecord } from '../util/json.ts';
import { AppError } from '../errors/app-error.ts';
import { algorithmOf, digestOf, isDigest, type Digest } from './digest.ts';
import { isMediaType } from './media-types.ts';
import type { Platform } from './platform.ts';
import { keyDifferingInCase } from './strict-json.ts';

/** Identifies one manifest or blob (image-spec v1.1.1 descriptor.md). `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
  /** Base64 of the content itself, if embedded; checked against `digest` and `size`. */
  readonly data?: string;
}

const MEMBERS: ReadonlySet<string> = new Set([
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'artifactType',
  'platform',
]);

/**
 * Validates one descriptor of untrusted JSON; `where` names it in the error ("layers[2]").
 * @throws AppError INVALID_MANIFEST
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const fail = (rule: string): never => {
    throw new AppError('INVALID_MANIFEST', `invalid descriptor at ${where}: ${rule}`);
  };
  if (!isRecord(value)) return fail('not an object');
  const misspelt = keyDifferingInCase(value, MEMBERS);
  if (misspelt !== undefined) return fail(misspelt);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || !isMediaType(mediaType))
    return fail('mediaType is not a media type');
  if (typeof digest !== 'string' || !isDigest(digest))
    return fail('digest is not a supported digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return fail('size is not a whole number of bytes');
  }
  const urls = value['urls'];
  const platform = parsePlatformObject(value['platform'], fail);
  const annotations = stringRecord(value['annotations']);
  const artifactType = value['artifactType'];
  const data = value['data'];
  if (typeof data === 'string' && !isContentOf(data, digest, size)) {
    return fail('data differs from digest and size');
  }
  return {
    mediaType,
    digest,
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(Array.isArray(urls)
      ? { urls: urls.filter((url): url is string => typeof url === 'string') }
      : {}),
    ...(typeof data === 'string' ? { data } : {}),
  };
}

function isContentOf(data: string, digest: Digest, size: number): boolean {
  const content = Buffer.from(data, 'base64');
  return content.byteLength === size && digestOf(content, algorithmOf(digest)) === digest;
}

const PLATFORM_MEMBERS: ReadonlySet<string> = new Set([
  'os',
  'architecture',
  'variant',
  'os.version',
  'os.features',
]);

function parsePlatformObject(value: unknown, fail: (rule: string) => never): Platform | undefined {
  if (!isRecord(value)) return undefined;
  const misspelt = keyDifferingInCase(value, PLATFORM_MEMBERS);
  if (misspelt !== undefined) return fail(misspelt);
  const { os, architecture, variant } = value;
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  const version = value['os.version'];
  const features = value['os.features'];
  return {
    os,
    architecture,
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
    ...(typeof version === 'string' ? { 'os.version': version } : {}),
    ...(Array.isArray(features)
      ? { 'os.features': features.filter((one): one is string => typeof one === 'string') }
      : {}),
  };
}
