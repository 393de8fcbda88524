import { AppError } from '../../errors/app-error.ts';
import { describeImage, listRepoTags, readImageConfig } from '../../image/describe.ts';
import { openImage } from '../../image/view.ts';
import { isDigest } from '../../oci/digest.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { DEFAULT_TAG } from '../../reference/format.ts';
import { deleteManifest, removeTag } from '../../retention/delete/image.ts';
import { createNameFilter } from '../../tags/filter.ts';
import { requireRepository, tagListerOf } from '../../tags/find.ts';
import { withOwnSignal, withOwnSignalEach } from './calls.ts';
import { copyBetween } from './copy.ts';
import { openClient, type Opened } from './open.ts';
import { pushFiles } from './push.ts';
import { DEFAULT_CONCURRENCY, platformOf } from './this-machine.ts';
import type { Client } from './client.ts';
import type { ClientOptions, DeleteResult } from './types.ts';

/**
 * Creates a client with the logins, certificates, mirrors and proxies of this machine. Reads and
 * connects at the first call; one client for a whole process shares connections and tokens.
 * @example
 * import { createClient } from '@regctl/cli';
 *
 * await using client = createClient();
 * for await (const tag of client.tags('busybox')) console.log(tag);
 */
export function createClient(options: ClientOptions = {}): Client {
  const { onWarning = () => undefined, concurrency = DEFAULT_CONCURRENCY } = options;
  let opening: Promise<Opened> | undefined;
  let known: Opened | undefined;
  let closed = false;
  const open = async (): Promise<Opened> => {
    if (closed) throw new Error('the client is closed');
    opening ??= openClient(options);
    known = await opening;
    return known;
  };

  return {
    tags: (repository, { semver, last, ...options_ } = {}) =>
      withOwnSignalEach(options_, async function* (call) {
        const { locate, openRead } = await open();
        const location = locate(repository);
        requireRepository(location, repository);
        const keep = await createNameFilter({ include: [], exclude: [], semver });
        await using store = await openRead(location, call);
        for await (const page of tagListerOf(store).tags({ ...call, last })) {
          for (const tag of page) if (keep(tag)) yield tag;
        }
      }),
    resolve: (image, options_ = {}) =>
      withOwnSignal(options_, async (call) => {
        const { locate, openRead } = await open();
        const location = locate(image);
        await using store = await openRead(location, call);
        return await store.resolve(location.ref, call);
      }),
    inspect: (image, { platform, noTags = false, ...options_ } = {}) =>
      withOwnSignal(options_, async (call) => {
        const { locate, openRead } = await open();
        const location = locate(image);
        const wanted = typeof platform === 'string' ? parsePlatform(platform) : platform;
        await using store = await openRead(location, call);
        const view = await openImage(store, location.ref, {
          ...call,
          platform: wanted,
          host: platformOf(options),
        });
        if (view.note !== undefined) onWarning(view.note);
        const [config, platforms, tags] = await Promise.all([
          readImageConfig(view, call),
          view.platforms(call),
          noTags ? [] : listRepoTags(store, onWarning, call),
        ]);
        const name = location.scheme === 'docker' ? location.name : '';
        return describeImage(view, config, { name, tag: location.tag, tags }, platforms);
      }),
    copy: (source, destination, options_ = {}) =>
      withOwnSignal(options_, async (call) => {
        const opened = await open();
        const locations = { from: opened.locate(source), to: opened.locate(destination) };
        return copyBetween(opened, locations, options, options_, call);
      }),
    delete: (image, options_ = {}) =>
      withOwnSignal(options_, async (call): Promise<DeleteResult> => {
        const { force = false, referrers = false, untag = false, dryRun = false } = options_;
        const { locate, openRead } = await open();
        const location = locate(image);
        const { ref } = location;
        if (ref === undefined) throw noTag(image);
        if (untag && isDigest(ref)) throw new AppError('USAGE', `untag: "${image}" has no tag`);
        await using store = await openRead(location, { ...call, forUpdate: true });
        const outcome = await (untag ? removeTag : deleteManifest)(store, ref, {
          ...call,
          force,
          withReferrers: referrers,
          dryRun,
          concurrency,
          warn: onWarning,
        });
        return {
          digest: outcome.digest,
          tags: outcome.tags,
          referrers: outcome.referrers.map(({ digest }) => digest),
          left: outcome.left.map(({ digest }) => digest),
        };
      }),
    push: (image, files, options_ = {}) =>
      withOwnSignal(options_, async (call) => {
        const { locate, openWrite } = await open();
        const location = locate(image);
        const { scheme, ref, tag } = location;
        if (ref !== undefined && isDigest(ref)) throw withDigest(image);
        const defaultTag = scheme === 'docker' && options_.subject === undefined;
        await using store = await openWrite(location, call);
        const written = tag ?? (defaultTag ? DEFAULT_TAG : undefined);
        return await pushFiles(store, written, files, options_, call);
      }),
    referrers: (image, options_ = {}) =>
      withOwnSignal(options_, async (call) =>
        (await import('./attached.ts')).referrersOf(await open(), image, options, options_, call),
      ),
    verify: (image, options_) =>
      withOwnSignal(options_, async (call) =>
        (await import('./attached.ts')).verifyImage(await open(), image, options, options_, call),
      ),
    sync: (source, target, options_ = {}) =>
      withOwnSignal(options_, async (call) =>
        (await import('./sync.ts')).syncPlaces([[source].flat(), target], {
          opened: await open(),
          options,
          wanted: options_,
          call,
        }),
      ),
    syncFile: (file, options_ = {}) =>
      withOwnSignal(options_, async (call) =>
        (await import('./sync.ts')).syncFile(file, {
          opened: await open(),
          options,
          wanted: options_,
          call,
        }),
      ),
    openRead: async (image, options_) => {
      const { locate, openRead } = await open();
      return openRead(locate(image), options_);
    },
    openWrite: async (image, options_) => {
      const { locate, openWrite } = await open();
      return openWrite(locate(image), options_);
    },
    get requestCount() {
      return known?.connections.requestCount() ?? 0;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await (await opening?.catch(() => undefined))?.connections[Symbol.asyncDispose]();
    },
  };
}

function noTag(image: string): AppError {
  return new AppError('USAGE', `"${image}" names no tag and no digest to delete`, {
    hint: `Write the tag too, such as ${image}:latest.`,
  });
}

function withDigest(image: string): AppError {
  return new AppError('USAGE', `cannot push ${image}: its digest is not known before`, {
    hint: 'Write a tag instead of the digest.',
  });
}
