import { deleteBlob, getBlob } from './blobs.ts';
import { jsonReply, type Handler } from './call.ts';
import { listManifests, listRepositories, listTags } from './lists.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import { listReferrers } from './referrers.ts';
import { appendUpload, cancelUpload, finishUpload, startUpload, uploadStatus } from './uploads.ts';

/** What an endpoint does to stored data; one option covers every delete (CVE-2026-41888). */
export type Effect = 'read' | 'write' | 'delete';

export interface RouteMethod {
  readonly effect: Effect;
  readonly run: Handler;
}

interface Route {
  /** As distribution calls it in its metrics, if it has it. */
  readonly name: string;
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, RouteMethod>>;
}

const read = (run: Handler): RouteMethod => ({ effect: 'read', run });
const write = (run: Handler): RouteMethod => ({ effect: 'write', run });
const remove = (run: Handler): RouteMethod => ({ effect: 'delete', run });
const ping: Handler = async () => jsonReply({});

/** The endpoints of distribution-spec v1.1.1 "Endpoints"; the first pattern that matches wins. */
const ROUTES: readonly Route[] = [
  { name: 'base', pattern: /^\/v2\/?$/u, methods: { GET: read(ping), HEAD: read(ping) } },
  { name: 'catalog', pattern: /^\/v2\/_catalog$/u, methods: { GET: read(listRepositories) } },
  { name: 'tags', pattern: /^\/v2\/(?<name>.+)\/tags\/list$/u, methods: { GET: read(listTags) } },
  {
    name: 'blob_upload',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/?$/u,
    methods: { POST: write(startUpload) },
  },
  {
    name: 'blob_upload_chunk',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/uploads\/(?<id>[^/]+)$/u,
    methods: {
      GET: write(uploadStatus),
      PATCH: write(appendUpload),
      PUT: write(finishUpload),
      DELETE: write(cancelUpload),
    },
  },
  {
    name: 'blob',
    pattern: /^\/v2\/(?<name>.+)\/blobs\/(?<digest>[^/]+)$/u,
    methods: { GET: read(getBlob), HEAD: read(getBlob), DELETE: remove(deleteBlob) },
  },
  {
    name: 'manifest',
    pattern: /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/u,
    methods: {
      GET: read(getManifest),
      HEAD: read(getManifest),
      PUT: write(putManifest),
      DELETE: remove(deleteManifest),
    },
  },
  {
    name: 'inventory',
    pattern: /^\/v2\/(?<name>.+)\/_regctl\/inventory\/list$/u,
    methods: { GET: read(listManifests) },
  },
  {
    name: 'referrers',
    pattern: /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/u,
    methods: { GET: read(listReferrers) },
  },
];

export interface Match {
  readonly name: string;
  readonly methods: Readonly<Record<string, RouteMethod>>;
  readonly params: Readonly<Record<string, string>>;
}

/** `path` is percent-decoded. */
export function matchRoute(path: string): Match | undefined {
  for (const { name, pattern, methods } of ROUTES) {
    const match = pattern.exec(path);
    if (match !== null) return { name, methods, params: { ...match.groups } };
  }
  return undefined;
}
