import { AppError } from '../../errors/app-error.ts';
import { sanitize, safeJson, safeText } from '../../errors/sanitize.ts';
import type { ListResult, Result, Style } from '../../commands/result.ts';
import { colourJson } from './json-colour.ts';
import type { OutputFormat } from '../args/global-flags.ts';
import type { Template } from '../../util/template/render.ts';
import type { Writer } from './writer.ts';

export interface OutputChoice {
  /** What the user asked for; `undefined` leaves it to the command. */
  readonly format: OutputFormat | undefined;
  readonly template: Template | undefined;
}

/** Writes a result in the form that was asked for. @throws AppError USAGE when it has no such form */
export async function writeResult(
  result: Result,
  { format, template }: OutputChoice,
  writer: Writer,
  style: Style,
): Promise<void> {
  if (template !== undefined) return writeTemplate(result, template, writer);
  const form = format ?? (result.kind === 'bytes' ? 'text' : result.defaultOutput);
  if (form === 'json') return writeJson(result, writer, style);
  if (form === 'ndjson') return writeNdjson(result, writer, style);
  switch (result.kind) {
    case 'value':
      return writer.write(withLineEnd(safeText(result.text(style), style.terminal)));
    case 'bytes':
      return writeBytes(style.terminal ? showControls(result.bytes) : result.bytes, writer);
    case 'list':
      return writeLines(result.items(), writer, style);
    case 'live':
      return writeLive(result.pieces(style), writer, style);
  }
}

/** As JSON.stringify, for a terminal without the characters that it obeys. */
export function toJson(value: unknown, style: Style, indent?: number): string {
  const json = JSON.stringify(value ?? null, undefined, indent);
  return style.terminal ? colourJson(safeJson(json), style) : json;
}

async function writeJson(result: Result, writer: Writer, style: Style): Promise<void> {
  // What prints JSON by default prints it as skopeo does: four spaces.
  const indent = result.defaultOutput === 'json' ? 4 : 2;
  if (result.kind === 'list') {
    const pieces = listJson(result, indent);
    return writeJsonText(style.terminal ? mapped(pieces, safeJson) : pieces, writer);
  }
  await writer.write(`${toJson(await valueOf(result), style, indent)}\n`);
}

async function writeNdjson(result: Result, writer: Writer, style: Style): Promise<void> {
  if (result.kind === 'list') {
    const lines = mapped(result.items(), (line) => `${toJson(line, style)}\n`);
    return writeText(lines, writer, style.terminal);
  }
  if (result.kind === 'live' && result.values !== undefined) {
    for await (const one of result.values()) await writer.write(`${toJson(one, style)}\n`);
    return;
  }
  const value = await valueOf(result);
  for (const one of Array.isArray(value) ? value : [value]) {
    await writer.write(`${toJson(one, style)}\n`);
  }
}

async function writeTemplate(result: Result, template: Template, writer: Writer): Promise<void> {
  const value = await valueOf(result);
  const items: readonly unknown[] = Array.isArray(value) && !template.takesList ? value : [value];
  for (const item of items) await writer.write(withLineEnd(safeText(template.render(item), false)));
}

async function valueOf(result: Result): Promise<unknown> {
  switch (result.kind) {
    case 'value':
      return result.json;
    case 'bytes':
      if (result.json !== undefined) return result.json();
      throw new AppError('USAGE', 'this command prints bytes: it has no JSON form');
    case 'list':
      return { ...result.head, [result.key]: await Array.fromAsync(result.items()) };
    case 'live':
      return result.json();
  }
}

/** As JSON.stringify with this indent would write the object of a list. */
async function* listJson({ head, key, items }: ListResult, indent: number): AsyncGenerator<string> {
  const pad = ' '.repeat(indent);
  yield '{\n';
  for (const [name, value] of Object.entries(head)) {
    yield `${pad}${JSON.stringify(name)}: ${JSON.stringify(value)},\n`;
  }
  let started = false;
  for await (const item of items()) {
    yield started ? ',\n' : `${pad}${JSON.stringify(key)}: [\n`;
    started = true;
    yield `${pad}${pad}${JSON.stringify(item)}`;
  }
  yield started ? `\n${pad}]\n}\n` : `${pad}${JSON.stringify(key)}: []\n}\n`;
}

async function writeLines(
  lines: AsyncIterable<string>,
  writer: Writer,
  style: Style,
): Promise<void> {
  // A name with a line break must not be read as two names.
  const safe = mapped(lines, (line) => `${sanitize(line)}\n`);
  await writeText(safe, writer, style.terminal);
}

async function writeLive(
  pieces: AsyncIterable<string>,
  writer: Writer,
  style: Style,
): Promise<void> {
  for await (const piece of pieces) await writer.write(safeText(piece, style.terminal));
}

/** Characters that short pieces are gathered to before they are written. */
const BATCH = 16 * 1024;

/**
 * JSON is held back for longer: when a later page fails, what was not written yet makes room for
 * the error, and stdout is JSON still.
 */
const JSON_BATCH = 4 * 1024 * 1024;

async function writeJsonText(pieces: AsyncIterable<string>, writer: Writer): Promise<void> {
  let batch = '';
  for await (const piece of pieces) {
    batch += piece;
    if (batch.length < JSON_BATCH) continue;
    await writer.write(batch);
    batch = '';
  }
  await writer.write(batch);
}

/** What a terminal would obey is shown; a pipe or file gets the bytes as they are. */
async function* showControls(pieces: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) yield safeText(decoder.decode(piece, { stream: true }), false);
  yield safeText(decoder.decode(), false);
}

async function writeBytes(
  pieces: AsyncIterable<Uint8Array | string>,
  writer: Writer,
): Promise<void> {
  for await (const piece of pieces) await writer.write(piece);
}

/** What arrived before a failure is written; `live`: someone is watching, so nothing is held back. */
async function writeText(
  pieces: AsyncIterable<string>,
  writer: Writer,
  live: boolean,
): Promise<void> {
  let batch = '';
  const flush = async (): Promise<void> => {
    const text = batch;
    batch = '';
    await writer.write(text);
  };
  try {
    for await (const piece of pieces) {
      batch += piece;
      if (live || batch.length >= BATCH) await flush();
    }
  } finally {
    await flush();
  }
}

async function* mapped(
  lines: AsyncIterable<string>,
  map: (line: string) => string,
): AsyncIterable<string> {
  for await (const line of lines) yield map(line);
}

function withLineEnd(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
