import type { CopyEvent } from '../../copy/types.ts';
import { parseRegistry } from '../../reference/names.ts';
import { parseReference } from '../../reference/parse.ts';
import { planSync } from '../../sync/plan/planner.ts';
import type { SyncPlaces } from '../../sync/places.ts';
import type { ImageResult } from '../../sync/results.ts';
import { runSync } from '../../sync/transfer/run.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Opened } from './open.ts';
import { DEFAULT_CONCURRENCY, platformOf } from './this-machine.ts';
import type { ClientOptions } from './types.ts';

/** Images between two registries at the same time. */
const JOBS = 8;

export interface SyncCallOptions extends CallOptions {
  /** Regular expressions for whole tags. Default: all. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Only the N newest versions, or by date if the tags are no versions. */
  readonly newest?: number | undefined;
  readonly platforms?: readonly string[] | undefined;
  /** Also copies signatures, SBOMs and attestations. Default: false. */
  readonly referrers?: boolean | undefined;
  /** Reports what would be copied, and copies nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Called as each image ends. */
  readonly onImage?: ((image: ImageResult) => void) | undefined;
  /** Called for each event of a copy; sizes are in bytes. */
  readonly onProgress?: ((event: CopyEvent) => void) | undefined;
}

/**
 * Copies the tags of a repository, several at a time. An image that fails has an `error` in its
 * result, and the others are copied all the same. @throws AppError USAGE
 */
export async function syncRepository(
  opened: Opened,
  [source, target]: readonly [string, string],
  options: ClientOptions,
  wanted: SyncCallOptions,
  call: CallOptions,
): Promise<readonly ImageResult[]> {
  const { include = [], exclude = [], newest, platforms, referrers, dryRun } = wanted;
  const { onImage = () => undefined, onProgress = () => undefined } = wanted;
  const { concurrency = DEFAULT_CONCURRENCY, onWarning = () => undefined } = options;
  const places = placesOf(opened);
  const host = platformOf(options);
  const job = {
    where: 'sync',
    type: 'repository',
    source,
    target,
    naming: { style: 'exact' },
    tags: [{ allow: include, deny: exclude }],
    repos: {},
    newest,
    platforms,
    referrers,
  } as const;
  const plan = await planSync([job], { ...call, places, concurrency, host, warn: onWarning });
  return runSync(plan, {
    ...call,
    places,
    mode: dryRun === true ? 'dry-run' : 'run',
    concurrency,
    jobs: JOBS,
    hostPlatform: host,
    expand: (template) => template,
    onImage,
    emit: onProgress,
  });
}

function placesOf({ locate, openRead, openWrite, registry }: Opened): SyncPlaces {
  return {
    locate,
    registryOf(text) {
      const [host = '', ...path] = text.split('/');
      const prefix = path.join('/').replace(/\/+$/u, '');
      return { host: parseRegistry(host), prefix: prefix === '' ? '' : `${prefix}/` };
    },
    nameOf({ scheme, name }) {
      if (scheme !== 'docker') return undefined;
      const { registry: host, repository } = parseReference(name);
      return { host, path: repository };
    },
    isDirectories: (target) => target.startsWith('dir:'),
    async *catalog(host, call) {
      yield* (await registry(host)).catalog(host, call);
    },
    openRead,
    openWrite,
    openTarget: (target, call) => openRead({ ...target, ref: undefined }, call),
  };
}
