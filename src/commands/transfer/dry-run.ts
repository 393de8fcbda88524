import type { CopyEvent } from '../../copy/types.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { shortDigest } from '../../oci/digest.ts';
import { isImageConfigType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { PushOutcome } from '../../store/types.ts';
import type { Context } from '../context.ts';
import type { Result, Style } from '../result.ts';
import type { CountsJson } from './json.ts';
import type { CopyLocations } from '../../client/copy-locations.ts';
import { formatSize } from '../../util/text/units.ts';
import { renderTable } from '../output/table.ts';

const ACTION = { present: 'present', mounted: 'mount', written: 'send' } as const satisfies Record<
  PushOutcome,
  string
>;

type Action = (typeof ACTION)[PushOutcome];

export interface PlannedNode {
  readonly descriptor: Descriptor;
  readonly action: Action;
}

/** Requests of each side for one blob or manifest, without retries. */
const REQUESTS = {
  blob: {
    send: { source: 1, destination: 2 },
    mount: { source: 0, destination: 1 },
    present: { source: 0, destination: 1 },
  },
  manifest: {
    send: { source: 1, destination: 1 },
    mount: { source: 0, destination: 1 },
    present: { source: 0, destination: 1 },
  },
} as const satisfies Record<
  string,
  Record<Action, { readonly source: number; readonly destination: number }>
>;

export interface DryRunRecorder {
  readonly nodes: () => readonly PlannedNode[];
  readonly emit: (event: CopyEvent) => void;
}

/** Records the plan from the events of a dry run. */
export function createDryRunRecorder(context: Pick<Context, 'emit'>): DryRunRecorder {
  const nodes = new Map<string, PlannedNode>();
  return {
    nodes: () => [...nodes.values()],
    emit(event) {
      if (['retry', 'warning', 'note'].includes(event.type)) context.emit(event);
      if (event.type !== 'end' || nodes.has(event.descriptor.digest)) return;
      const { descriptor, outcome } = event;
      nodes.set(descriptor.digest, { descriptor, action: ACTION[outcome] });
    },
  };
}

export interface DryRunReport<Head> {
  readonly locations: CopyLocations;
  readonly recorder: DryRunRecorder;
  readonly tags: readonly { readonly tag: string; readonly descriptor: Descriptor }[];
  /** The members that a copy also reports; the counts are of what would be done. */
  readonly head: Head;
  readonly exit?: number | undefined;
}

/** Reports the plan as a table, and as JSON with the members of a copy. */
export function dryRunResult<Head extends CountsJson>(
  context: Pick<Context, 'reference'>,
  { locations, recorder, tags, head, exit }: DryRunReport<Head>,
): Result {
  const nodes = recorder.nodes();
  const needed = nodes.reduce((sum, node) => sum + requestsOf(locations, node), 0);
  const pulls = hubPulls(context, locations, nodes);
  const { from, to } = locations;
  return {
    kind: 'value',
    json: {
      Source: from.text,
      Destination: to.text,
      DryRun: true,
      ...head,
      RequestsNeeded: needed,
      DockerHubPulls: pulls,
      Tags: tags.map(({ tag, descriptor }) => ({ Tag: tag, Digest: descriptor.digest })),
      Nodes: nodes.map(({ descriptor, action }) => ({
        Digest: descriptor.digest,
        MediaType: descriptor.mediaType,
        Size: descriptor.size,
        Action: action,
      })),
    },
    text: (style) =>
      [table(nodes, style), ...summary({ nodes, tags, needed, pulls, to: to.text }, head)].join(
        '\n',
      ),
    ...(exit === undefined ? {} : { exit }),
  };
}

/** Number of requests; directories and archives need none. */
function requestsOf({ from, to }: CopyLocations, { descriptor, action }: PlannedNode): number {
  const kind = isManifestType(descriptor.mediaType) ? 'manifest' : 'blob';
  const { source, destination } = REQUESTS[kind][action];
  return (from.scheme === 'docker' ? source : 0) + (to.scheme === 'docker' ? destination : 0);
}

/** Docker Hub counts each manifest that is read with GET; HEAD and blobs are free. */
function hubPulls(
  context: Pick<Context, 'reference'>,
  { from }: CopyLocations,
  nodes: readonly PlannedNode[],
): number {
  if (from.scheme !== 'docker') return 0;
  if (context.reference(from.name).registry !== 'docker.io') return 0;
  const read = nodes.filter(
    ({ descriptor, action }) => isManifestType(descriptor.mediaType) && action === 'send',
  );
  return read.length;
}

function kindOf({ mediaType }: Descriptor): string {
  if (isIndexType(mediaType)) return 'index';
  if (isManifestType(mediaType)) return 'manifest';
  if (isImageConfigType(mediaType)) return 'config';
  return /layer|diff\.tar/u.test(mediaType) ? 'layer' : 'blob';
}

function table(nodes: readonly PlannedNode[], style: Style): string {
  return renderTable(
    [
      { title: 'ACTION' },
      { title: 'WHAT' },
      { title: 'DIGEST' },
      { title: 'SIZE', align: 'right' },
      { title: 'MEDIA TYPE', shrink: true },
    ],
    nodes.map(({ descriptor, action }) => [
      action,
      kindOf(descriptor),
      shortDigest(descriptor.digest),
      formatSize(descriptor.size),
      sanitize(descriptor.mediaType),
    ]),
    style,
  );
}

function summary(
  of: {
    readonly nodes: readonly PlannedNode[];
    readonly tags: readonly { readonly tag: string }[];
    readonly needed: number;
    readonly pulls: number;
    readonly to: string;
  },
  { Bytes }: CountsJson,
): string[] {
  const count = (action: Action): number =>
    of.nodes.filter((node) => node.action === action).length;
  const names = of.tags.map(({ tag }) => sanitize(tag)).join(', ');
  return [
    '',
    `${count('send')} to send (${formatSize(Bytes.Sent)}), ${count('mount')} to mount, ${count('present')} present`,
    names === '' ? `no tag of ${of.to} would change` : `tags to set: ${names}`,
    `about ${of.needed} requests and those to log in${of.pulls === 0 ? '' : `, ${of.pulls} pulls of the Docker Hub limit (this dry run took as many)`}`,
    'nothing was written',
  ];
}
