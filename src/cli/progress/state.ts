import type { CopyEvent } from '../../copy/types.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { PushOutcome } from '../../store/types.ts';

export interface NodeProgress {
  readonly digest: Digest;
  readonly size: number;
  done: number;
  /** Milliseconds since the epoch; `undefined` until it starts. */
  startedAt: number | undefined;
  outcome: PushOutcome | undefined;
}

export interface Totals {
  readonly found: number;
  readonly ended: number;
  /** Bytes of all blobs and manifests found so far. */
  readonly size: number;
  /** Bytes that are sent or already present. */
  readonly done: number;
  readonly sent: number;
  readonly outcomes: Readonly<Record<PushOutcome, number>>;
}

/** Accumulates copy events for all forms of progress. */
export interface ProgressState {
  apply(event: CopyEvent): void;
  node(digest: string): NodeProgress | undefined;
  /** Running transfers in the order of their start. */
  active(): readonly NodeProgress[];
  totals(): Totals;
  /** Milliseconds since the first event. */
  elapsed(): number;
}

export function createProgressState(now: () => Date): ProgressState {
  const nodes = new Map<string, NodeProgress>();
  const running = new Set<NodeProgress>();
  const outcomes = { written: 0, present: 0, mounted: 0 };
  const sums = { ended: 0, size: 0, done: 0, sent: 0 };
  let begun: number | undefined;

  const nodeOf = (descriptor: Pick<Descriptor, 'digest' | 'size'>): NodeProgress => {
    const { digest, size } = descriptor;
    const known = nodes.get(digest);
    if (known !== undefined) return known;
    const node = { digest, size, done: 0, startedAt: undefined, outcome: undefined };
    nodes.set(digest, node);
    sums.size += size;
    return node;
  };

  /** Updates the sums by differences, so that an event does not recount thousands of nodes. */
  const change = (node: NodeProgress, to: Partial<NodeProgress>): void => {
    add(node, -1);
    Object.assign(node, to);
    add(node, 1);
  };
  const add = ({ outcome, size, done }: NodeProgress, sign: 1 | -1): void => {
    sums.done += sign * (outcome === undefined ? done : size);
    if (outcome === undefined) {
      sums.sent += sign * done;
      return;
    }
    if (outcome === 'written') sums.sent += sign * size;
    outcomes[outcome] += sign;
    sums.ended += sign;
  };

  return {
    apply(event) {
      if (!('descriptor' in event)) return;
      begun ??= now().getTime();
      const node = nodeOf(event.descriptor);
      if (event.type === 'start' && node.outcome === undefined) {
        node.startedAt ??= now().getTime();
        running.add(node);
      }
      if (event.type === 'bytes') change(node, { done: event.done });
      if (event.type === 'end') {
        change(node, { outcome: event.outcome });
        running.delete(node);
      }
    },
    node: (digest) => nodes.get(digest),
    active: () => [...running],
    totals: () => ({ found: nodes.size, ...sums, outcomes: { ...outcomes } }),
    elapsed: () => (begun === undefined ? 0 : now().getTime() - begun),
  };
}
