import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Time } from '../types.ts';

/** An image in the model of other tools' policies: a digest with all its tags. */
export interface ToolImage {
  readonly digest: Digest;
  readonly tags: readonly string[];
  /** Push time, else build time; `undefined` is unknown and counts as young. */
  readonly time: Time | undefined;
  /** Last pull; null: never. */
  readonly pulled: Time | null | undefined;
}

export interface ToolDecision {
  readonly keep: boolean;
  readonly because: string;
}

/** A policy's decisions for one repository: by tag, and by digest for images without a tag. */
export interface ToolDecisions {
  readonly tags: ReadonlyMap<string, ToolDecision>;
  readonly untagged: ReadonlyMap<Digest, ToolDecision>;
}

/** The rules of another tool for one repository. */
export interface ToolPolicy {
  /** Whether it uses pull times, which few registries report. */
  readonly needsPulls: boolean;
  decide(images: readonly ToolImage[], now: Time): ToolDecisions;
}

/** Returns `undefined` if no rule applies to the repository, which is then unchanged. */
export type ToolPolicyFor = (repository: string) => ToolPolicy | undefined;

export const DAY: number = 24 * 3_600_000;

export const KEEP = (because: string): ToolDecision => ({ keep: true, because });
export const DELETE = (because: string): ToolDecision => ({ keep: false, because });

/** Applies one decision to all tags of an image. */
export function byImage(
  images: readonly ToolImage[],
  decide: (image: ToolImage) => ToolDecision,
): ToolDecisions {
  const tags = new Map<string, ToolDecision>();
  const untagged = new Map<Digest, ToolDecision>();
  for (const image of images) {
    const decision = decide(image);
    for (const tag of image.tags) tags.set(tag, decision);
    if (image.tags.length === 0) untagged.set(image.digest, decision);
  }
  return { tags, untagged };
}

/** Sorts newest first, without images that have no date: they are young, stay, and do not count. */
export function newestFirst<T extends { readonly time: Time | undefined }>(
  some: readonly T[],
): readonly T[] {
  return some
    .filter((one) => one.time !== undefined)
    .toSorted((a, b) => (b.time ?? 0) - (a.time ?? 0));
}

/** Rejects a rule. @throws AppError USAGE, always */
export function refuse(rule: string, hint?: string): never {
  throw new AppError('USAGE', `cannot use the rules: ${rule}`, { hint });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a list of strings; `undefined` if absent. @throws AppError USAGE */
export function stringsAt(
  object: Readonly<Record<string, unknown>>,
  key: string,
): readonly string[] | undefined {
  const value = object[key];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  return refuse(`"${key}" is not a list of texts`);
}

/**
 * Reads a whole number that is not negative; `undefined` if absent. Text counts, because a YAML
 * file is read without number types.
 * @throws AppError USAGE
 */
export function countAt(
  object: Readonly<Record<string, unknown>>,
  key: string,
  fromText = false,
): number | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  const number =
    fromText && typeof value === 'string' && /^\d{1,9}$/u.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  return refuse(`"${key}" is not a whole number`);
}

/**
 * Creates a matcher in doublestar's syntax: `*` within a part of a path, `**` across parts, `?`,
 * `{a,b}`, `[a-z]`.
 */
export function doublestar(pattern: string): (name: string) => boolean {
  let depth = 0;
  const source = pattern.replace(/\*\*\/|\*\*|[*?{},]|\[[^\]]+\]|[\\^$.|+()[\]/]/gu, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part === '{') return ((depth += 1), '(?:');
    if (part === '}') return depth > 0 ? ((depth -= 1), ')') : '\\}';
    if (part === ',') return depth > 0 ? '|' : ',';
    if (part.length > 1) return part.replace('[!', '[^');
    return `\\${part}`;
  });
  if (depth > 0) return refuse(`the pattern "${pattern}" has no closing brace`);
  const regex = new RegExp(`^(?:${source})$`, 'u');
  return (name) => regex.test(name);
}
