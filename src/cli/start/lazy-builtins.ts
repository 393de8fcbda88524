type Load = (name: string) => unknown;

/** Modules of Node's own that take a millisecond and more, and that not every command uses. */
const HEAVY = new Set(
  [
    'child_process',
    'crypto',
    'dns',
    'dns/promises',
    'fs/promises',
    'http',
    'https',
    'module',
    'readline',
    'tls',
    'zlib',
  ].flatMap((name) => [name, `node:${name}`]),
);

/** Loads as `load` does, a heavy module of Node's own only when something of it is used. */
export function lazyBuiltins(load: Load): Load {
  const made = new Map<string, object>();
  return (name) => {
    if (!HEAVY.has(name)) return load(name);
    const existing = made.get(name) ?? whenUsed(() => load(name) as object);
    made.set(name, existing);
    return existing;
  };
}

/** Represents the object that `load` returns; read-only. */
function whenUsed(load: () => object): object {
  return new Proxy(
    {},
    {
      get: (_, key): unknown => Reflect.get(load(), key),
      has: (_, key) => Reflect.has(load(), key),
      ownKeys: () => Reflect.ownKeys(load()),
      getOwnPropertyDescriptor(_, key) {
        const own = Reflect.getOwnPropertyDescriptor(load(), key);
        if (own === undefined) return undefined;
        const get = (): unknown => Reflect.get(load(), key);
        // What the stand-in does not own must not be called fixed.
        return { enumerable: own.enumerable === true, configurable: true, get };
      },
    },
  );
}
