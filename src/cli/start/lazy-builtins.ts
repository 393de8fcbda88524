type Load = (name: string) => unknown;

/** Node's built-in modules that take at least 1 ms to load and that not every command uses. */
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

/** Loads modules like `load`, but heavy built-in ones only at their first use. */
export function lazyBuiltins(load: Load): Load {
  const made = new Map<string, object>();
  return (name) => {
    if (!HEAVY.has(name)) return load(name);
    const existing = made.get(name) ?? whenUsed(() => load(name) as object);
    made.set(name, existing);
    return existing;
  };
}

/** A read-only proxy for the object that `load` returns. */
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
        // A proxy must not report a property as fixed if its target lacks it.
        return { enumerable: own.enumerable === true, configurable: true, get };
      },
    },
  );
}
