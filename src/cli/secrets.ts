import type { Context } from '../commands/context.ts';
import { AppError } from '../errors/app-error.ts';
import type { ConnectionOptions, Side } from '../client/types.ts';
import type { Location } from '../transports/types.ts';
import type { ProgramFlags } from './args/global-flags.ts';

type Names = Pick<Context, 'reference' | 'registries'>;

/**
 * Rejects a secret for both sides of a copy between two registries: one of them must not get it.
 * @throws AppError USAGE
 */
export function rejectSharedSecrets(
  flags: Pick<ProgramFlags, 'plainSecrets'>,
  args: readonly string[],
  context: Names & Pick<Context, 'locate'>,
): void {
  const [flag] = flags.plainSecrets;
  if (flag === undefined) return;
  const hosts = new Set(args.flatMap((arg) => registryOf(context.locate(arg), context) ?? []));
  if (hosts.size >= 2) throw wouldGoTo(flag, [...hosts]);
}

/**
 * Watches what is opened: a secret of the line is for the first registry that gets it, and a second
 * one is refused, whether an option, a file or an annotation named it.
 */
export function createSecretGuard(
  { plainSecrets, sides }: Pick<ProgramFlags, 'plainSecrets' | 'sides'>,
  names: Names,
): (location: Location, side: Side) => void {
  const first = new Map<string, string>();
  return (location, side) => {
    const flag = secretOf(sides[side]);
    const registry = flag === undefined ? undefined : registryOf(location, names);
    if (flag === undefined || registry === undefined) return;
    const isPlain = plainSecrets.length > 0 && sides[side][flag] === sides.single[flag];
    const name = isPlain ? (plainSecrets[0] ?? '') : `--${side}-${FLAGS[flag]}`;
    const other = first.get(name) ?? registry;
    first.set(name, other);
    if (other !== registry) throw wouldGoTo(name, [other, registry]);
  };
}

const FLAGS = {
  creds: 'creds',
  username: 'username',
  password: 'password',
  registryToken: 'registry-token',
} as const satisfies Partial<Record<keyof ConnectionOptions, string>>;

function secretOf(side: ConnectionOptions): keyof typeof FLAGS | undefined {
  return (Object.keys(FLAGS) as (keyof typeof FLAGS)[]).find((name) => side[name] !== undefined);
}

function registryOf({ scheme, name }: Location, names: Names): string | undefined {
  if (scheme !== 'docker') return undefined;
  return names.registries().route(names.reference(name)).primary.registry;
}

function wouldGoTo(flag: string, registries: readonly string[]): AppError {
  const name = flag.replace(/^--(?:src-|dest-)?/u, '');
  const isPlain = flag === `--${name}`;
  return new AppError('USAGE', `${flag} would go to ${registries.join(' and to ')}`, {
    hint: isPlain
      ? `Name the side: --src-${name} or --dest-${name}.`
      : 'Log in to each of them instead: regctl login REGISTRY',
  });
}
