/** A resource and the requested actions; `actions` is absent for other forms of scopes. */
interface Scope {
  readonly resource: string;
  readonly actions?: ReadonlySet<string>;
}

const ALL = '*';

/** "repository:a/b:pull repository:c:pull,push" → its parts; nothing for blanks. */
export function splitScopes(text: string): string[] {
  return text.split(/\s+/u).filter((one) => one !== '');
}

/**
 * The first colon ends the type and the last one starts the actions: a resource name may hold a
 * host with a port (distribution docs/content/spec/auth/scope.md, "Resource Scope Grammar").
 */
function parseScope(text: string): Scope {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first === -1 || first === last) return { resource: text };
  const actions = text
    .slice(last + 1)
    .split(',')
    .filter((one) => one !== '');
  return { resource: text.slice(0, last), actions: new Set(actions) };
}

function printScope({ resource, actions }: Scope): string {
  if (actions === undefined) return resource;
  return `${resource}:${actions.has(ALL) ? ALL : [...actions].sort().join(',')}`;
}

/** One scope per resource with the union of its actions; resources keep the order they came in. */
export function mergeScopes(...lists: readonly (readonly string[])[]): string[] {
  const merged = new Map<string, Scope>();
  for (const scope of lists.flat().flatMap(splitScopes).map(parseScope)) {
    const key = scope.actions === undefined ? `\n${scope.resource}` : scope.resource;
    const known = merged.get(key)?.actions ?? [];
    merged.set(
      key,
      scope.actions === undefined
        ? scope
        : { resource: scope.resource, actions: new Set([...known, ...scope.actions]) },
    );
  }
  return [...merged.values()].map(printScope);
}

/** The resources of scopes, without actions: "repository:a/b". */
export function resourcesOf(scopes: readonly string[]): string[] {
  return [...new Set(scopes.flatMap(splitScopes).map((scope) => parseScope(scope).resource))];
}

/** The same set of scopes gives the same text. */
export function scopeKey(scopes: readonly string[]): string {
  return mergeScopes(scopes).sort().join(' ');
}

/** True when a token for `have` may do everything in `want`. */
export function coversScopes(have: readonly string[], want: readonly string[]): boolean {
  const held = mergeScopes(have).map(parseScope);
  return mergeScopes(want)
    .map(parseScope)
    .every((needed) => held.some((one) => covers(one, needed)));
}

function covers(have: Scope, want: Scope): boolean {
  if (have.resource !== want.resource) return false;
  if (have.actions === undefined || want.actions === undefined) {
    return have.actions === want.actions;
  }
  if (have.actions.has(ALL)) return true;
  return [...want.actions].every((action) => have.actions?.has(action) === true);
}
