import type { CommandGroup } from '../../commands/index.ts';
import type { Side } from '../../client/types.ts';
import type { Input } from '../../commands/types.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { TRANSPORTS } from '../../transports/index.ts';
import { camelCase, longName } from '../args/flags.ts';
import { parseGlobalFlags } from '../args/global-flags.ts';
import type { Io } from '../io.ts';
import { candidatesFor, type Candidate } from './candidates.ts';
import { spotOf, type Spot } from './spot.ts';

/** How long a TAB may wait for a registry. */
const DEADLINE_MS = 800;

/** What the shell does with the candidates; cobra's numbers, which its users' scripts know. */
const NO_SPACE = 2;
const NO_FILES = 4;

/** More are not read by anybody, and shells get slow. */
const MAX_PRINTED = 1000;

/**
 * `regctl complete [--next] -- WORDS`: prints the candidates for the last word, each with its
 * description after a tab, and at the end a line with a colon and what the shell is to do. `--next`
 * stands for an empty last word, which some shells cannot pass.
 */
export async function complete(
  io: Io,
  groups: readonly CommandGroup[],
  deadlineMs: number = DEADLINE_MS,
): Promise<string> {
  const signal = AbortSignal.timeout(deadlineMs);
  const dashes = io.argv.indexOf('--');
  const written = dashes < 0 ? [] : io.argv.slice(dashes + 1);
  const words = io.argv.slice(0, dashes).includes('--next') ? [...written, ''] : written;
  const commands = groups.flatMap((group) => group.commands);
  const spot = spotOf(words, commands);
  const candidates = candidatesFor(spot, commands);
  switch (candidates.kind) {
    case 'words':
      return answer(spot.prefix + spot.word, candidates.words, NO_FILES);
    case 'file':
      return answer('', [], 0);
    case 'registry':
      return answer(spot.word, await asked(io, spot, 'registry', signal), NO_FILES);
    case 'image':
      return image(io, spot, signal);
  }
}

async function image(io: Io, spot: Spot, signal: AbortSignal): Promise<string> {
  const { word } = spot;
  const scheme = TRANSPORTS.find((one) => word.startsWith(`${one.scheme}:`))?.scheme;
  if (scheme !== undefined && scheme !== 'docker') return answer('', [], 0);
  const schemes = TRANSPORTS.map(({ scheme: name, help }) => ({
    value: name === 'docker' ? 'docker://' : `${name}:`,
    description: help,
  }));
  const names = await asked(io, spot, 'image', signal);
  const isTag = names.some(({ value }) => value.lastIndexOf(':') > value.lastIndexOf('/'));
  return answer(word, [...names, ...schemes], isTag ? NO_FILES : NO_FILES | NO_SPACE);
}

async function asked(
  io: Io,
  spot: Spot,
  kind: 'image' | 'registry',
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const side: Side =
    spot.spec?.hasSourceAndDestination !== true
      ? 'single'
      : spot.args.length === 0
        ? 'src'
        : 'dest';
  const { imageNames, registryNames } = await import('./names.ts');
  const options = { io, flags: parseGlobalFlags(valuesOf(spot), io.host), side, signal };
  const names = await (kind === 'image' ? imageNames(spot.word, options) : registryNames(options));
  return names.map((value) => ({ value }));
}

/** The options that were written, as the parser would pass them on. */
function valuesOf({ given }: Spot): Input['options'] {
  const values: Record<string, Input['options'][string]> = {};
  for (const { option, value } of given) {
    const name = camelCase(longName(option.flags) ?? option.flags);
    if (option.kind === 'flag') values[name] = true;
    else if (option.kind === 'boolean') values[name] = value !== 'false';
    else if (option.kind === 'list') values[name] = [value ?? ''];
    else if (option.kind === 'string') values[name] = value ?? '';
  }
  return values;
}

function answer(word: string, candidates: readonly Candidate[], directive: number): string {
  const fitting = candidates.filter(({ value }) => value.startsWith(word)).slice(0, MAX_PRINTED);
  const lines = fitting.map(({ value, description }) =>
    description === undefined ? value : `${value}\t${sanitize(description)}`,
  );
  return [...lines, `:${directive}`, ''].join('\n');
}
