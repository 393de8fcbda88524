import type { CopyEvent } from '../copy/types.ts';
import type { PushOutcome } from '../store/types.ts';

export interface NodeProgress {
  readonly digest: string;
  readonly size: number;
  done: number;
  /** Milliseconds since the epoch; `undefined` until it starts. */
  startedAt: number | undefined;
  outcome: PushOutcome | undefined;
}

export interface Totals {
  readonly found: number;
  readonly ended: number;
  /** Bytes of all nodes found so far. */
  readonly size: number;
  /** Bytes dealt with: sent, or already there. */
  readonly done: number;
  readonly sent: number;
  readonly outcomes: Readonly<Record<PushOutcome, number>>;
}

/** Copy events added up; every form of progress reads this. */
export interface ProgressState {
  apply(event: CopyEvent): void;
  node(digest: string): NodeProgress | undefined;
  /** Started and not ended, in the order they started. */
  active(): readonly NodeProgress[];
  totals(): Totals;
  /** Milliseconds since the first event. */
  elapsed(): number;
}

export function createProgressState(now: () => Date): ProgressState {
  const nodes = new Map<string, NodeProgress>();
  let begun: number | undefined;

  const nodeOf = (descriptor: { readonly digest: string; readonly size: number }): NodeProgress => {
    const { digest, size } = descriptor;
    const known = nodes.get(digest);
    if (known !== undefined) return known;
    const node = { digest, size, done: 0, startedAt: undefined, outcome: undefined };
    nodes.set(digest, node);
    return node;
  };

  return {
    apply(event) {
      if (!('descriptor' in event)) return;
      begun ??= now().getTime();
      const node = nodeOf(event.descriptor);
      if (event.type === 'start') node.startedAt ??= now().getTime();
      if (event.type === 'bytes') node.done = event.done;
      if (event.type === 'end') node.outcome = event.outcome;
    },
    node: (digest) => nodes.get(digest),
    active: () =>
      [...nodes.values()]
        .filter((node) => node.startedAt !== undefined && node.outcome === undefined)
        .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0)),
    totals: () => totalsOf([...nodes.values()]),
    elapsed: () => (begun === undefined ? 0 : now().getTime() - begun),
  };
}

function totalsOf(nodes: readonly NodeProgress[]): Totals {
  const outcomes = { written: 0, present: 0, mounted: 0 };
  let [size, done, sent, ended] = [0, 0, 0, 0];
  for (const node of nodes) {
    size += node.size;
    done += node.outcome === undefined ? node.done : node.size;
    if (node.outcome === 'written') sent += node.size;
    else if (node.outcome === undefined) sent += node.done;
    if (node.outcome !== undefined) {
      outcomes[node.outcome] += 1;
      ended += 1;
    }
  }
  return { found: nodes.length, ended, size, done, sent, outcomes };
}
