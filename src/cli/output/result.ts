import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import type { Result, Style } from '../../commands/types.ts';
import { colourJson } from './json-colour.ts';
import type { OutputFormat } from '../args/global-flags.ts';
import { safeJson, safeText } from '../../errors/sanitize.merge-text-safety.ts';
import type { Template } from '../template/render.ts';
import type { Writer } from './writer.ts';

export interface OutputChoice {
  /** What the user asked for; `undefined` leaves it to the command. */
  readonly format: OutputFormat | undefined;
  readonly template: Template | undefined;
}

/** Writes a result to stdout in the form that was asked for. */
export async function writeResult(
  result: Result,
  { format, template }: OutputChoice,
  writer: Writer,
  style: Style,
): Promise<void> {
  if (template !== undefined) return writeTemplate(result, template, writer);
  if (format === 'ndjson') return writeNdjson(result, writer, style);
  if (format === 'json') return writeJson(result, writer, style);
  if (result.bytes !== undefined) {
    return writeBytes(style.terminal ? showControls(result.bytes) : result.bytes, writer);
  }
  if (format === undefined && result.defaultOutput === 'json') {
    return writeJson(result, writer, style);
  }
  if (result.lines !== undefined) return writeLines(result.lines, writer, style);
  if (result.live !== undefined) return writeLive(result.live(style), writer, style);
  await writer.write(withLineEnd(safeText(result.text(style), style.terminal)));
}

/** As JSON.stringify, for a terminal without the characters that it obeys. */
export function toJson(value: unknown, style: Style, indent?: number): string {
  const json = JSON.stringify(value ?? null, undefined, indent);
  return style.terminal ? colourJson(safeJson(json), style) : json;
}

async function writeJson(result: Result, writer: Writer, style: Style): Promise<void> {
  if (result.jsonText !== undefined) {
    const pieces = style.terminal ? mapped(result.jsonText, safeJson) : result.jsonText;
    await writeJsonText(pieces, writer);
    return;
  }
  // What prints JSON by default prints it as skopeo does: four spaces.
  const indent = result.defaultOutput === 'json' ? 4 : 2;
  await writer.write(`${toJson(await valueOf(result), style, indent)}\n`);
}

async function writeNdjson(result: Result, writer: Writer, style: Style): Promise<void> {
  if (result.lines !== undefined) {
    const lines = mapped(result.lines, (line) => `${toJson(line, style)}\n`);
    await writeText(lines, writer, style.terminal);
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

/** The JSON value: a thing, a function that makes it, or the lines when there is no other. */
async function valueOf(result: Result): Promise<unknown> {
  if (typeof result.json === 'function') return (await result.json()) as unknown;
  if (result.json === undefined && result.bytes !== undefined) {
    throw new AppError('USAGE', 'this command prints bytes: it has no JSON form');
  }
  if (result.json !== undefined || result.lines === undefined) return result.json;
  const lines: string[] = [];
  for await (const line of result.lines) lines.push(line);
  return lines;
}

async function writeLines(
  lines: AsyncIterable<string>,
  writer: Writer,
  style: Style,
): Promise<void> {
  // Whoever reads line by line must not be told of names that are parts of one.
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
