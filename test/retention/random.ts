import { digestOf, hexOf, type Digest } from '../../src/oci/digest.ts';
import { MEDIA_TYPE } from '../../src/oci/media-types.ts';
import type { RuleWords } from '../../src/retention/rules.ts';

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Body {
  readonly mediaType: string;
  readonly config?: Entry;
  readonly layers?: readonly Entry[];
  readonly manifests?: readonly Entry[];
  readonly subject?: Entry;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Entry {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A repository with exact bytes. */
export interface World {
  readonly tags: Map<string, Digest>;
  readonly manifests: Map<Digest, { readonly text: string; readonly body: Body }>;
  readonly blobs: Map<Digest, string>;
}

export const NOW: number = Date.parse('2026-06-01T12:00:00Z');

const NAMES =
  'v1.0.0 v1.0.1 v1.1.0 v1.2.0-rc.1 v2.0.0 v2.1.0 latest main pr-1 pr-2 nightly-1 1.0 dev'.split(
    ' ',
  );
const NO_DATES = ['1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '1980-01-01T00:00:01Z', ''];

/**
 * Shared digests and layers, indexes of indexes, attestations, referrers of referrers, cosign's tags,
 * fallback tags, indexes with something missing, dates that are none.
 */
export function randomWorld(random: Random): World {
  const tags = new Map<string, Digest>();
  const manifests: World['manifests'] = new Map();
  const blobs = new Map<Digest, string>();
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const chance = (p: number): boolean => random() < p;
  const blob = (text: string, mediaType: string): Entry => {
    const digest = digestOf(Buffer.from(text));
    blobs.set(digest, text);
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };
  const put = (body: Body, isThere = true): Entry => {
    const text = JSON.stringify({ schemaVersion: 2, ...body });
    const digest = digestOf(Buffer.from(text));
    if (isThere) manifests.set(digest, { text, body });
    return { mediaType: body.mediaType, digest, size: Buffer.byteLength(text) };
  };
  const when = (): string =>
    chance(0.15)
      ? pick(NO_DATES)
      : new Date(NOW - below(500 * 24) * 3_600_000).toISOString().replace('.000', '');
  const dated = (text: string): Pick<Body, 'annotations'> =>
    text === '' ? {} : { annotations: { 'org.opencontainers.image.created': text } };
  let number = 0;
  const image = (isThere = true): Entry => {
    number += 1;
    const created = when();
    const config = JSON.stringify({ os: 'linux', number, ...(created === '' ? {} : { created }) });
    return put(
      {
        mediaType: chance(0.2) ? MEDIA_TYPE.dockerManifest : MEDIA_TYPE.ociManifest,
        config: blob(config, MEDIA_TYPE.ociConfig),
        layers: [pick(['base', 'lib', `app ${number}`]), `data ${number}`].map((text) =>
          blob(text, MEDIA_TYPE.ociLayer),
        ),
      },
      isThere,
    );
  };
  const images = Array.from({ length: 3 + below(5) }, () => image());
  const tops: Entry[] = [...images];
  for (let k = below(4); k > 0; k -= 1) {
    const children: Entry[] = Array.from({ length: 1 + below(3) }, () => pick(tops));
    if (chance(0.4)) {
      const notes = { 'vnd.docker.reference.type': 'attestation-manifest' };
      children.push({ ...image(), annotations: notes });
    }
    if (chance(0.15)) children.push(image(false));
    const note = chance(0.4) ? dated(when()) : {};
    tops.push(put({ mediaType: MEDIA_TYPE.ociIndex, manifests: children, ...note }));
  }
  const attachable = [...tops];
  for (let k = below(5); k > 0; k -= 1) {
    const subject = chance(0.1) ? image(false) : pick(attachable);
    const how = random();
    number += 1;
    const body: Body = {
      mediaType: MEDIA_TYPE.ociManifest,
      config: blob('{}', MEDIA_TYPE.ociEmpty),
      layers: [blob(`proof ${number}`, 'application/octet-stream')],
      ...dated(when()),
    };
    const tag = `sha256-${hexOf(subject.digest)}`;
    if (how < 0.5) attachable.push(put({ ...body, subject }));
    else if (how < 0.75) tags.set(`${tag}.${pick(['sig', 'att', 'sbom'])}`, put(body).digest);
    else {
      const listed = [put({ ...body, subject })];
      tags.set(tag, put({ mediaType: MEDIA_TYPE.ociIndex, manifests: listed }).digest);
    }
  }
  if (chance(0.1))
    attachable.push(put({ mediaType: MEDIA_TYPE.ociIndex, manifests: [pick(images)] }));
  for (let k = 2 + below(7); k > 0; k -= 1) {
    tags.set(pick(NAMES), pick(chance(0.05) ? attachable : tops).digest);
  }
  return { tags, manifests, blobs };
}

export function randomRules(random: Random, canList: boolean): RuleWords {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  if (canList && random() < 0.15) {
    const kind: RuleWords = pick([
      { untagged: true },
      { orphans: true },
      { broken: true },
      { untagged: true, orphans: true },
    ]);
    return { ...kind, ...pick<RuleWords>([{}, { grace: '1h' }, { olderThan: '60d' }]) };
  }
  const keep = pick<RuleWords>([
    { keep: 1 },
    { keep: 2 },
    { keep: 1, sort: 'version' },
    { keep: 1, keepPer: 'major' },
    { keepTag: ['v*'] },
    { keepTag: ['latest', '/^pr/'] },
    { keepSemver: '>=2' },
    { keepWithin: '100d' },
    { keepMonthly: 2 },
    { keepYearly: 1, keepDaily: 1 },
  ]);
  const choose = pick<RuleWords>([
    { tag: ['pr-*'] },
    { tag: ['v1*'] },
    { tag: ['*'] },
    { olderThan: '30d' },
    { olderThan: '150d' },
    { semver: '<2' },
    { prerelease: true },
  ]);
  const how = random();
  return how < 0.4 ? keep : how < 0.7 ? choose : { ...keep, ...choose };
}
