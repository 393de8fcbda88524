import type { NameRule, Naming } from './types.ts';

/** A repository as its registry names it. */
export interface SourceName {
  /** "docker.io", "reg.example:5000". */
  readonly host: string;
  /** "library/alpine". */
  readonly path: string;
}

/** The destination of an image: a name below the target, and the tag. */
export interface TargetName {
  readonly name: string;
  readonly tag: string | undefined;
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Creates a matcher in which `*` matches any text. */
function globOf(pattern: string): RegExp {
  const source = pattern.replace(/[\\^$.|+?()[\]{}/*]/gu, (char) =>
    char === '*' ? '(.*)' : `\\${char}`,
  );
  return new RegExp(`^${source}$`, 'u');
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\$(\$|\d|[a-z]+)/gu, (whole, name: string) => {
    if (name === '$') return '$';
    return Object.hasOwn(values, name) ? (values[name] ?? '') : whole;
  });
}

/** Names by the first matching rule; `undefined` if none matches. */
export function mapName(
  rules: readonly NameRule[],
  { host, path }: SourceName,
  tag: string | undefined,
): TargetName | undefined {
  for (const { pattern, template } of rules) {
    const match = globOf(pattern).exec(`${host}/${path}`);
    if (match === null) continue;
    const groups = Object.fromEntries(match.map((text, i) => [String(i), text ?? '']));
    const values = { ...groups, host, path, base: lastPart(path), tag: tag ?? '' };
    const full = fill(template, values);
    const colon = full.indexOf(':', full.lastIndexOf('/') + 1);
    return colon < 0
      ? { name: full, tag }
      : { name: full.slice(0, colon), tag: full.slice(colon + 1) };
  }
  return undefined;
}

/** The name below the target of a job; "" if the target is the whole name. */
export function nameBelow({ style }: Naming, { host, path }: SourceName): string {
  switch (style) {
    case 'exact':
      return '';
    case 'flat':
      return lastPart(path);
    case 'keep-path':
      return path;
    case 'scoped':
      return `${host}/${path}`;
  }
}

/** Expands `a/{b,c}` to `a/b` and `a/c`, for shells that do not expand braces. */
export function expandBraces(text: string): string[] {
  const match = /^(?<before>[^{]*)\{(?<inner>[^{}]*,[^{}]*)\}(?<after>.*)$/su.exec(text);
  if (match?.groups === undefined) return [text];
  const { before = '', inner = '', after = '' } = match.groups;
  return inner.split(',').flatMap((one) => expandBraces(`${before}${one}${after}`));
}

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
function fnv1a(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01_00_01_93) >>> 0;
  }
  return hash;
}

/** Part `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Whether a repository, as "host/path", belongs to a part. No shard is everything. */
export function isInShard(name: string, shard: Shard | undefined): boolean {
  return shard === undefined || fnv1a(name) % shard.count === shard.index - 1;
}
