import { isRecord } from '../../util/json.ts';

/** Members with a reason, the most informative first; compared without case. */
const REASON_MEMBERS = ['message', 'reason', 'description', 'detail', 'details', 'error', 'msg'];
/** Members in which registries wrap another object (distribution: `Enclosed`). */
const MAX_DEPTH = 4;
const MAX_LENGTH = 200;

/**
 * Finds the reason in an entry's `detail`, which may be any JSON value (distribution-spec). Values
 * that only repeat the request (scopes, digests, tags of Harbor and registry:2) are not a reason.
 */
export function reasonIn(detail: unknown): string | undefined {
  const text = textIn(detail, 0)?.replace(/\s+/gu, ' ').trim();
  if (text === undefined || text === '') return undefined;
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}

function textIn(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value;
  if (depth >= MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return firstText(value, depth);
  if (!isRecord(value)) return undefined;
  const members = new Map(Object.entries(value).map(([key, one]) => [key.toLowerCase(), one]));
  const named = REASON_MEMBERS.map((key) => members.get(key)).filter((one) => one !== undefined);
  return firstText(named, depth) ?? firstText([...members.values()].filter(isRecord), depth);
}

function firstText(values: readonly unknown[], depth: number): string | undefined {
  for (const one of values) {
    const text = textIn(one, depth + 1);
    if (text !== undefined && text !== '') return text;
  }
  return undefined;
}
