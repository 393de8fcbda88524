import { resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import type { CallOptions } from '../../util/abort.ts';
import { systemError } from '../../util/errno.ts';
import { isRecord } from '../../util/json.ts';
import { readNamedFile } from '../../util/regular-file.ts';
import { readList, readText, rejectTogether } from '../input/read.ts';
import type { Input } from '../types.ts';

type Annotations = Readonly<Record<string, string>>;

/** Annotations of the manifest, its configuration and its files. */
export interface GivenAnnotations {
  readonly manifest: Annotations;
  readonly config: Annotations | undefined;
  /** By a file's path as it is written on the command line. */
  ofFile(path: string): Annotations | undefined;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Reads `--annotation KEY=VALUE` or ORAS' `--annotation-file`. @throws AppError USAGE, IO */
export async function readAnnotations(
  input: Input,
  cwd: string,
  options: CallOptions,
): Promise<GivenAnnotations> {
  const pairs = readList(input, 'annotation');
  const file = readText(input, 'annotationFile');
  rejectTogether({ '--annotation': pairs.length > 0, '--annotation-file': file !== undefined });
  const all = file === undefined ? undefined : await readFile(resolve(cwd, file), options);
  return {
    manifest: all?.get('$manifest') ?? parsePairs(pairs),
    config: all?.get('$config'),
    ofFile: (path) => all?.get(path),
  };
}

function parsePairs(pairs: readonly string[]): Annotations {
  const all = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(0, at));
    if (key === '') throw wrongPair(pair, 'it is not KEY=VALUE');
    if (all.has(key)) throw wrongPair(pair, 'the key is given twice');
    all.set(key, pair.slice(at + 1));
  }
  return Object.fromEntries(all);
}

function wrongPair(pair: string, rule: string): AppError {
  return new AppError('USAGE', `--annotation "${sanitize(pair.slice(0, 200))}": ${rule}`);
}

async function readFile(
  path: string,
  options: CallOptions,
): Promise<ReadonlyMap<string, Annotations>> {
  let bytes: Uint8Array;
  try {
    ({ bytes } = await readNamedFile(path, MAX_FILE_BYTES, options));
  } catch (error) {
    throw systemError(error, { verb: 'read', path });
  }
  const value = parseJsonStrict(bytes, 'USAGE', `annotation file ${path}`);
  if (!isRecord(value)) throw wrongFile(path);
  return new Map(Object.entries(value).map(([name, of]) => [name, annotationsOf(of, path)]));
}

function annotationsOf(value: unknown, path: string): Annotations {
  if (!isRecord(value)) throw wrongFile(path);
  const entries = Object.entries(value);
  if (entries.some(([, text]) => typeof text !== 'string')) throw wrongFile(path);
  return Object.fromEntries(entries) as Annotations;
}

function wrongFile(path: string): AppError {
  return new AppError('USAGE', `invalid annotation file ${path}: it has another form`, {
    hint: 'Write it like {"$manifest":{"KEY":"VALUE"},"FILE":{"KEY":"VALUE"}}.',
  });
}
