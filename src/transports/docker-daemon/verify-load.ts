import { AppError, IntegrityError } from '../../errors/app-error.ts';
import { hexOf, type Digest } from '../../oci/digest.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { WrittenImage } from '../docker-archive/layout-part.ts';
import { fullName, shortName } from '../docker-archive/name.ts';
import type { Engine } from './engine.ts';
import { imageFacts, tagImage, type ImageFacts } from './images.ts';
import type { LoadAnswer } from './load-answer.ts';

/**
 * An image counts as loaded only if the answer names it and the daemon shows, under each of its
 * names, the bytes that were sent.
 * @throws AppError ENGINE_ERROR; IntegrityError
 */
export async function requireLoaded(
  engine: Engine,
  image: WrittenImage,
  { loaded }: LoadAnswer,
  options?: CallOptions,
): Promise<void> {
  const { digest: config } = image.manifest.config;
  if (image.names.length === 0) {
    const isSaid = loaded.some((one) => one.includes(hexOf(config)));
    const id = isSaid ? config : image.descriptor.digest;
    const facts = await imageFacts(engine, id, options);
    if (facts === undefined) throw notNamed(engine, id);
    if (!isSent(image, facts)) throw otherImage(id, config, facts.id);
  }
  for (const full of image.names) {
    const name = shortName(full);
    const isNamed = (one: string): boolean => fullName(one) === full || one === `localhost/${name}`;
    if (!loaded.some(isNamed)) throw notNamed(engine, name);
    const facts = await imageFacts(engine, name, options);
    if (facts === undefined) throw notNamed(engine, name);
    if (isSent(image, facts)) continue;
    // podman finds "localhost/NAME" first, so that name moves to the new image as well.
    const isHidden = name !== full && loaded.includes(full);
    if (isHidden) await tagImage(engine, config, `localhost/${name}`, options);
    const now = isHidden ? await imageFacts(engine, name, options) : facts;
    if (now === undefined || !isSent(image, now)) throw otherImage(name, config, now?.id);
  }
}

function isSent({ manifest, descriptor, isVerbatim }: WrittenImage, facts: ImageFacts): boolean {
  if (facts.id === manifest.config.digest || facts.id === descriptor.digest) return true;
  // containerd builds its own manifest if the layers had to be unpacked.
  return facts.isContainerd && !isVerbatim && facts.diffIds.length === manifest.layers.length;
}

function notNamed({ endpoint }: Engine, name: string): AppError {
  return new AppError(
    'ENGINE_ERROR',
    `the Docker daemon at ${endpoint.address} does not say that it loaded "${name}"`,
    { hint: `See whether it is there: regctl inspect docker-daemon:${name}` },
  );
}

function otherImage(name: string, expected: Digest, actual: string | undefined): IntegrityError {
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `the Docker daemon has another image as "${name}" than the one that was sent`,
    { expected, actual: actual ?? 'none' },
    { hint: 'Run the command again: another program may have loaded an image with this name.' },
  );
}
