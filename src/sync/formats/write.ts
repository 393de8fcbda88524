import { LOCAL } from './regsync.ts';
import type { SyncFile, SyncJob } from '../types.ts';
import { formatGoDuration } from './duration.ts';

const HIDDEN = '***';

/** Converts a sync file to regctl's own format, without its secrets. */
export function normalFile({ jobs, hosts, parallel, state, budget }: SyncFile): object {
  const creds = [...hosts].map(([registry, settings]) => {
    const { username, password, token, plainHttp, tlsVerify, ca, clientCert, clientKey } = settings;
    const tls = plainHttp === true ? 'disabled' : tlsVerify === false ? 'insecure' : undefined;
    return compact({
      registry,
      hostname: settings.hostname,
      pathPrefix: settings.pathPrefix,
      mirrors: settings.mirrors,
      user: username,
      pass: password === undefined ? undefined : HIDDEN,
      token: token === undefined ? undefined : HIDDEN,
      tls,
      regcert: ca,
      clientCert,
      clientKey: clientKey === undefined ? undefined : HIDDEN,
    });
  });
  return compact({
    version: 1,
    creds: creds.some((one) => Object.keys(one).length > 1) ? creds : undefined,
    defaults: isEmpty({ parallel, state, budget })
      ? undefined
      : compact({ parallel, state, budget }),
    sync: jobs.flatMap(jobOf),
  });
}

function jobOf(job: SyncJob): object[] {
  const { naming, refs, tags, repos } = job;
  const common = compact({
    name: job.name,
    platform: job.hostPlatform === true ? LOCAL : undefined,
    platforms: job.platforms,
    sparseIndex: job.sparseIndex,
    map: naming.map?.map(({ pattern, template }) => ({ from: pattern, to: template })),
    tags: tags.length === 1 ? compact({ ...tags[0], line: undefined }) : undefined,
    tagSets: tags.length > 1 ? tags.map((set) => compact({ ...set, line: undefined })) : undefined,
    repos: isEmpty(repos) ? undefined : compact({ ...repos, line: undefined }),
    newest: job.newest,
    since: job.since,
    minTags: job.minTags,
    referrers: job.referrers,
    referrerFilters: job.referrerFilters?.map((one) => compact({ ...one, line: undefined })),
    referrerSource: job.referrerSource,
    referrerTarget: job.referrerTarget,
    digestTags: job.digestTags,
    mediaTypes: job.mediaTypes,
    forceRecursive: job.deep,
    includeExternal: job.allowNondistributable,
    immutable: job.immutable,
    missing: job.missing,
    delete: job.delete,
    maxDelete: job.maxDelete,
    deleteExclude: job.deleteExclude,
    backup: job.backup,
    schedule: job.schedule,
    interval: job.intervalMs === undefined ? undefined : formatGoDuration(job.intervalMs),
  });
  if (refs === undefined) {
    return [{ ...common, source: job.source, target: targetOf(job), type: job.type }];
  }
  const target = targetOf(job);
  return refs.map((ref) => {
    const at = ref.includes(':') ? '@' : ':';
    return {
      ...common,
      source: `${job.source}${at}${ref}`,
      target: `${target}${at === '@' ? '' : `:${ref}${job.naming.suffix ?? ''}`}`,
      type: 'image',
    };
  });
}

/** The whole name of the target, if skopeo's naming built it. */
function targetOf({ naming, source, target }: SyncJob): string {
  const base = target.replace(/\/+$/u, '');
  const path = source.slice(source.indexOf('/') + 1);
  switch (naming.style) {
    case 'exact':
      return target;
    case 'flat':
      return `${base}/${path.slice(path.lastIndexOf('/') + 1)}`;
    case 'keep-path':
      return `${base}/${path}`;
    case 'scoped':
      return `${base}/${source}`;
  }
}

const isEmpty = (value: object): boolean => Object.keys(compact(value)).length === 0;

/** Removes undefined members. */
function compact(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([key, one]) => one !== undefined && key !== 'line'),
  );
}
