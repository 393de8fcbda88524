import type { Bytes } from '../../util/bytes.ts';
import type { Result } from '../types.ts';

/** Bytes for stdout; `json` is for `-o json` and may be a function. */
export function bytesResult(bytes: Bytes, json: unknown): Result {
  return { json, text: () => '', bytes };
}

export interface StreamedList {
  /** Members of the JSON object in front of the list: `{ "Repository": … }`. */
  readonly head: Readonly<Record<string, string>>;
  /** Name of the list in the JSON object. */
  readonly key: string;
  /** Starts the listing anew; called once, by the form of output that is wanted. */
  readonly items: () => AsyncIterable<string>;
  readonly defaultOutput?: 'text' | 'json';
}

/** A result of any length whose every form is written as it arrives. */
export function streamedList(list: StreamedList): Result {
  const defaultOutput = list.defaultOutput ?? 'text';
  return {
    json: async () => ({ ...list.head, [list.key]: await collectItems(list.items()) }),
    jsonText: jsonPieces(list, defaultOutput === 'json' ? 4 : 2),
    lines: lazily(list.items),
    text: () => '',
    defaultOutput,
  };
}

export async function collectItems(items: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Starts with the first question. */
async function* lazily(items: () => AsyncIterable<string>): AsyncIterable<string> {
  yield* items();
}

/** As JSON.stringify with this indent would write the object. */
async function* jsonPieces(list: StreamedList, indent: number): AsyncIterable<string> {
  const pad = ' '.repeat(indent);
  yield '{\n';
  for (const [name, value] of Object.entries(list.head)) {
    yield `${pad}${JSON.stringify(name)}: ${JSON.stringify(value)},\n`;
  }
  let started = false;
  for await (const item of list.items()) {
    yield started ? ',\n' : `${pad}${JSON.stringify(list.key)}: [\n`;
    started = true;
    yield `${pad}${pad}${JSON.stringify(item)}`;
  }
  yield started ? `\n${pad}]\n}\n` : `${pad}${JSON.stringify(list.key)}: []\n}\n`;
}
