import { readRegclientConfig } from '../../config/regclient/config-file.ts';
import { parseRegistry } from '../../reference/names.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type Entry = Readonly<Record<string, unknown>>;

const SECRET: ReadonlySet<string> = new Set(['pass', 'token', 'clientKey']);

/** Prints a registry's settings in regclient's file, and the username of its login. */
export async function run(
  context: Pick<Context, 'credentials' | 'env' | 'machine' | 'warn'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const { env, machine, warn } = context;
  const config = await readRegclientConfig({ env, home: machine.home }, warn);
  const [name] = input.args;
  if (name === undefined) {
    const all = [...(config?.hosts ?? [])].map(([host, { json }]) => [host, withoutSecrets(json)]);
    return shown({ hosts: Object.fromEntries(all) as Entry });
  }
  const registry = parseRegistry(name);
  const entry = config?.hosts.get(registry)?.json;
  const user = await userOf(context, registry, options);
  if (entry === undefined && user === undefined) {
    warn(`No configuration found for registry ${registry}`);
    return { kind: 'value', json: {}, text: () => '' };
  }
  return shown({ ...withoutSecrets(entry ?? {}), user: user ?? '' });
}

async function userOf(
  context: Pick<Context, 'credentials'>,
  registry: string,
  options: CallOptions,
): Promise<string | undefined> {
  const found = await (await context.credentials('single')).lookup(registry, undefined, options);
  return found === undefined || found.kind === 'registry-token' ? undefined : found.username;
}

function withoutSecrets(json: Entry): Entry {
  return Object.fromEntries(Object.entries(json).filter(([member]) => !SECRET.has(member)));
}

function shown(json: Entry): Result {
  const set = Object.entries(json).filter(([, value]) => value !== '');
  return {
    kind: 'value',
    json,
    text: () => JSON.stringify(Object.fromEntries(set), undefined, 2),
  };
}
