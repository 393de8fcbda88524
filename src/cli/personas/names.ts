import { basename } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import type { Persona } from './types.ts';

type Load = () => Promise<Persona>;

/** The tools whose command lines regctl accepts under their names. */
export const PERSONAS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['skopeo', async () => (await import('./tools/skopeo/persona.ts')).skopeo],
  ['crane', async () => (await import('./tools/crane.ts')).crane],
  ['oras', async () => (await import('./tools/oras/persona.ts')).oras],
  ['podman', async () => (await import('./tools/podman.ts')).podman],
]);

/** The tool named by `--as NAME` as the first option, or else by the link's own name. */
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
  throw new AppError('USAGE', `--as takes the name of another tool, not "${name}"`, {
    hint: `It knows: ${[...PERSONAS.keys()].join(', ')}.`,
  });
}

/** `/usr/local/bin/skopeo`, `skopeo.exe` and `skopeo.cmd` are skopeo. */
const programName = (program = ''): string =>
  basename(program.replaceAll('\\', '/')).replace(/\.(?:js|cjs|mjs|exe|cmd|ps1)$/iu, '');
