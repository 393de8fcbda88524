import { AppError } from '../../errors/app-error.ts';
import { sanitize, safeJson, safeText } from '../../errors/sanitize.ts';
import type { ListResult, Result, Style } from '../../commands/result.ts';
import { colourJson } from './json-colour.ts';
import { jsonPieces } from './json-pieces.ts';
import type { OutputFormat } from '../args/global-flags.ts';
import type { Template } from '../../util/template/render.ts';
import type { Writer } from './writer.ts';

export interface OutputChoice {
  /** Format that the user requests; `undefined` for the command's default. */
  readonly format: OutputFormat | undefined;
  readonly template: Template | undefined;
}

/** Writes a result in the requested format. @throws AppError USAGE if it has no such format */
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
      if (result.isArchive === true && style.terminal) throw archiveOnTerminal();
      return writeBytes(style.terminal ? showControls(result.bytes) : result.bytes, writer);
    case 'list':
      return writeLines(result.items(), writer, style);
    case 'live':
      return writeLive(result.pieces(style), writer, style);
  }
}

/** Like JSON.stringify; for a terminal, escapes control characters and adds color. */
export function toJson(value: unknown, style: Style, indent?: number): string {
  const json = JSON.stringify(value ?? null, undefined, indent);
  return style.terminal ? colourJson(safeJson(json), style) : json;
}

async function writeJson(result: Result, writer: Writer, style: Style): Promise<void> {
  // Commands that print JSON by default indent it by four spaces, as skopeo does.
  const indent = result.defaultOutput === 'json' ? 4 : 2;
  if (result.kind === 'list') {
    const pieces = listJson(result, indent);
    return writeJsonText(style.terminal ? mapped(pieces, safeJson) : pieces, writer);
  }
  const value = await valueOf(result);
  if (style.terminal) return writer.write(`${toJson(value, style, indent)}\n`);
  return writeText(endedBy(jsonPieces(value, indent), '\n'), writer, false);
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

/** Streams a list as JSON.stringify with this indent writes it. */
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
  // Sanitized, as a name with a line break must not look like two names.
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

/** Number of characters to collect before a write. */
const BATCH = 16 * 1024;

/**
 * JSON is buffered for longer: if a later page fails before the first write, the error replaces the
 * list, so that stdout is still valid JSON.
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

/** Makes control characters visible, for a terminal. */
async function* showControls(pieces: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) yield safeText(decoder.decode(piece, { stream: true }), false);
  yield safeText(decoder.decode(), false);
}

function archiveOnTerminal(): AppError {
  return new AppError('USAGE', 'an archive is not written to a terminal', {
    hint: 'Name a file, or send it on: regctl export IMAGE | tar -x',
  });
}

async function writeBytes(
  pieces: AsyncIterable<Uint8Array | string>,
  writer: Writer,
): Promise<void> {
  for await (const piece of pieces) await writer.write(piece);
}

/** Writes in batches, also what arrived before a failure; `live` writes each piece at once. */
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

async function* endedBy(pieces: Iterable<string>, end: string): AsyncGenerator<string> {
  yield* pieces;
  yield end;
}

function withLineEnd(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
