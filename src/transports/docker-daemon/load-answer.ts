import { isRecord } from '../../util/json.ts';

/** A daemon's answer to a loaded archive. */
export interface LoadAnswer {
  /** Names, or IDs of images without a name. */
  readonly loaded: readonly string[];
  /** The daemon's error message; Docker reports it with status 200. */
  readonly error: string | undefined;
}

/**
 * Parses one JSON object per line: `{"stream":"Loaded image: app:v1\n"}`,
 * `{"errorDetail":{"message":"…"}}`.
 */
export function parseLoadAnswer(text: string): LoadAnswer {
  const loaded: string[] = [];
  let error: string | undefined;
  for (const line of text.split(/\r?\n/u)) {
    const said = parseLine(line);
    error ??= said.error;
    const names = /^Loaded image(?: ID|\(s\))?: (.*)$/mu.exec(said.stream)?.[1] ?? '';
    loaded.push(...names.split(',').map((name) => name.trim()));
  }
  return { loaded: loaded.filter((name) => name !== ''), error };
}

function parseLine(line: string): { readonly stream: string; readonly error?: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { stream: line };
  }
  if (!isRecord(value)) return { stream: '' };
  const detail = isRecord(value['errorDetail']) ? value['errorDetail']['message'] : undefined;
  const error = [detail, value['error']].find((one) => typeof one === 'string' && one !== '');
  return {
    stream: typeof value['stream'] === 'string' ? value['stream'] : '',
    ...(typeof error === 'string' ? { error } : {}),
  };
}
