import { basename } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import type { Persona } from './types.ts';

type Load = () => Promise<Persona>;

/** The tools whose lines regctl takes under their names. */
export const PERSONAS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['skopeo', async () => (await import('./tools/skopeo.ts')).skopeo],
  ['crane', async () => (await import('./tools/crane.ts')).crane],
  ['oras', async () => (await import('./tools/oras.ts')).oras],
  ['podman', async () => (await import('./tools/podman.ts')).podman],
]);

/** What `--as NAME`, the first option, or else the name of the link says. */
export interface Called {
  readonly load: Load | undefined;
  readonly argv: readonly string[];
}

/** @throws AppError USAGE for `--as` with another name */
export function calledAs(program: string | undefined, argv: readonly string[]): Called {
  const [first = '', second] = argv;
  const [name, rest] = first.startsWith('--as=')
    ? [first.slice('--as='.length), argv.slice(1)]
    : first === '--as'
      ? [second ?? '', argv.slice(2)]
      : [undefined, argv];
  if (name === undefined) return { load: PERSONAS.get(programName(program)), argv };
  const load = PERSONAS.get(name);
  if (load !== undefined || name === 'regctl') return { load, argv: rest };
  throw new AppError('USAGE', `--as: regctl does not know the lines of "${name}"`, {
    hint: `It knows: ${[...PERSONAS.keys()].join(', ')}.`,
  });
}

/** `/usr/local/bin/skopeo`, `skopeo.exe` and `skopeo.cmd` are skopeo. */
const programName = (program = ''): string =>
  basename(program.replaceAll('\\', '/')).replace(/\.(?:js|cjs|mjs|exe|cmd|ps1)$/iu, '');
