import { isRecord } from '../../util/json.ts';
import type { CallOptions } from '../../util/abort.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { DEFAULT_TAG, familiarName } from '../../reference/format.ts';
import { parseReference } from '../../reference/parse.ts';
import { fullName } from '../docker-archive/name.ts';
import { refusal, textOf, type Engine } from './engine.ts';

/** What the daemon reports about an image. */
export interface ImageFacts {
  /** Digest of the configuration, or of the manifest with containerd's image store. */
  readonly id: Digest | undefined;
  /** "alpine@sha256:…", for an image that was pulled. */
  readonly repoDigests: readonly string[];
  /** Digests of the uncompressed layers. */
  readonly diffIds: readonly string[];
  /** Whether the daemon uses containerd's image store. */
  readonly isContainerd: boolean;
}

/** Inspects an image; undefined if it does not exist. @throws AppError as the engine does */
export async function imageFacts(
  engine: Engine,
  name: string,
  options?: CallOptions,
): Promise<ImageFacts | undefined> {
  const answer = await engine.json(`/images/${name}/json`, options);
  if (!isRecord(answer)) return undefined;
  const rootFs = isRecord(answer['RootFS']) ? answer['RootFS'] : {};
  const id = typeof answer['Id'] === 'string' ? answer['Id'] : '';
  const whole = id.includes(':') ? id : `sha256:${id}`;
  return {
    id: isDigest(whole) ? whole : undefined,
    repoDigests: strings(answer['RepoDigests']),
    diffIds: strings(rootFs['Layers']),
    isContainerd: isRecord(answer['Descriptor']),
  };
}

/** Lists the tags of a repository in the daemon. @throws AppError as the engine does */
export async function localTags(
  engine: Engine,
  repository: string,
  options?: CallOptions,
): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ reference: [repository] }));
  const answer = await engine.json(`/images/json?filters=${filters}`, options);
  const names = Array.isArray(answer)
    ? answer.flatMap((one: unknown) => (isRecord(one) ? strings(one['RepoTags']) : []))
    : [];
  const tags = names.flatMap((name) => {
    const [full, local] = [fullName(name), fullName(name.replace(/^localhost\//u, ''))];
    const own = [full, local].find((one) => one?.startsWith(`${fullRepository(repository)}:`));
    return own === undefined ? [] : [own.slice(own.lastIndexOf(':') + 1)];
  });
  return [...new Set(tags)].toSorted();
}

/** Gives an image of the daemon a name. @throws AppError ENGINE_ERROR, and as the engine does */
export async function tagImage(
  engine: Engine,
  id: Digest,
  name: string,
  options?: CallOptions,
): Promise<void> {
  const { tag = DEFAULT_TAG, ...repository } = parseReference(name);
  const query = new URLSearchParams({ repo: familiarName(repository), tag });
  const path = `/images/${id}/tag?${query.toString()}`;
  const answer = await engine.send({ method: 'POST', path, ...options });
  const text = await textOf(answer);
  if (answer.status >= 300) throw refusal(engine.endpoint, `the name ${name}`, answer.status, text);
}

function fullRepository(name: string): string {
  const full = fullName(name) ?? name;
  return full.slice(0, full.lastIndexOf(':'));
}

/** podman answers 500 where Docker answers 404. */
export function isNoSuchImage(text: string): boolean {
  return /no such image|image not known|unable to find/iu.test(text);
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
