import type { ReadStore, ResolveOptions, Source, WriteStore } from '../../src/store/types.ts';

export type Call =
  `${'resolve' | 'content' | 'either' | 'has' | 'fetch' | 'push' | 'tag' | 'commit'} ${string}`;

export interface Watched {
  readonly store: WriteStore;
  /** "resolve v1", "content v1" (want: content), "either v1" (not known yet), "fetch sha256:…", in order of arrival. */
  readonly calls: Call[];
  /** Calls that have not settled. */
  readonly running: () => number;
}

export interface Interference {
  /** Before the call goes through; may throw. */
  readonly before?: (call: Call, signal: AbortSignal | undefined) => void | Promise<void>;
  readonly traits?: WriteStore['traits'];
  readonly fetch?: ReadStore['fetch'];
}

/** Passes calls on to `inner`, recording them. */
export function watchStore(inner: WriteStore, interference: Interference = {}): Watched {
  const calls: Call[] = [];
  let running = 0;
  const through = async <T>(
    call: Call,
    signal: AbortSignal | undefined,
    go: () => Promise<T>,
  ): Promise<T> => {
    calls.push(call);
    running += 1;
    try {
      await interference.before?.(call, signal);
      return await go();
    } finally {
      running -= 1;
    }
  };
  const fetch: ReadStore['fetch'] = interference.fetch ?? ((d, o) => inner.fetch(d, o));
  const store: WriteStore = {
    label: inner.label,
    capabilities: inner.capabilities,
    traits: interference.traits ?? inner.traits,
    resolve: (ref, o) =>
      through(`${verbOf(o?.purpose)} ${ref ?? ''}`, o?.signal, () => inner.resolve(ref, o)),
    has: (d, o) => through(`has ${d.digest}`, o?.signal, () => inner.has(d, o)),
    fetch: (d, o) => through(`fetch ${d.digest}`, o?.signal, () => fetch(d, o)),
    push: (source: Source, o) =>
      through(`push ${source.descriptor.digest}`, o?.signal, () => inner.push(source, o)),
    tag: (d, tag, o) => through(`tag ${tag}`, o?.signal, () => inner.tag(d, tag, o)),
    commit: (o) => through('commit ', o?.signal, () => inner.commit(o)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  return { store, calls, running: () => running };
}

function verbOf(want: ResolveOptions['purpose']): 'resolve' | 'content' | 'either' {
  if (want instanceof Promise) return 'either';
  return want === 'content' ? 'content' : 'resolve';
}
