import type { Json } from '../../image/convert/edit-json.ts';
import type { Platform } from '../../oci/platform.ts';
import { asRecord } from '../../util/json.ts';

/** A change of an image configuration (image-spec v1.1.1 config.md); what it leaves out stays. */
export type ConfigEdit = (config: Json) => Json;

/** Members of `config` that are one text. */
export type TextMember = 'User' | 'WorkingDir' | 'StopSignal';
/** Members of `config` that are a list of words. */
export type CommandMember = 'Entrypoint' | 'Cmd';
/** Members of `config` whose keys are the values. */
export type SetMember = 'Volumes' | 'ExposedPorts';

/** A command as typed: a JSON array, or one word or line that a shell runs. */
export type Command = readonly string[] | { readonly shell: string };

/** Sets a member; `undefined` removes it. */
function withMember(object: Json, key: string, value: unknown): Json {
  const { [key]: _before, ...rest } = object;
  if (value === undefined) return rest;
  return key in object ? { ...object, [key]: value } : { ...rest, [key]: value };
}

/** Changes a member of `config`; an object that gets empty goes. */
function inRun(key: string, change: (value: unknown, config: Json) => unknown): ConfigEdit {
  return (config) => {
    const run = asRecord(config['config']);
    return { ...config, config: withMember(run, key, change(run[key], config)) };
  };
}

export const setText = (member: TextMember, value: string | undefined): ConfigEdit =>
  inRun(member, () => value);

export const setAuthor =
  (author: string | undefined): ConfigEdit =>
  (config) =>
    withMember(config, 'author', author);

export const setCreated =
  (created: string): ConfigEdit =>
  (config) =>
    withMember(config, 'created', created);

export const setHealthcheck = (check: Json | undefined): ConfigEdit =>
  inRun('Healthcheck', () => check);

/** A shell command runs in the shell of the image's system, as in a Dockerfile. */
export const setCommand = (member: CommandMember, command: Command | undefined): ConfigEdit =>
  inRun(member, (_before, { os, config }) => {
    if (command === undefined || !('shell' in command)) return command;
    const own = asRecord(config)['Shell'];
    const usual = os === 'windows' ? ['cmd', '/S', '/C'] : ['/bin/sh', '-c'];
    return [...(Array.isArray(own) ? (own as unknown[]) : usual), command.shell];
  });

export function editLabels(
  set: ReadonlyMap<string, string>,
  unset: ReadonlySet<string>,
): ConfigEdit {
  return inRun('Labels', (before) => {
    const kept = Object.entries(asRecord(before)).filter(([key]) => !unset.has(key));
    return nonEmpty({ ...Object.fromEntries(kept), ...Object.fromEntries(set) });
  });
}

/** A variable that is there keeps its position. */
export function editEnv(set: ReadonlyMap<string, string>, unset: ReadonlySet<string>): ConfigEdit {
  return inRun('Env', (before) => {
    const all = new Map<string, string>();
    for (const pair of Array.isArray(before) ? (before as unknown[]) : []) {
      if (typeof pair !== 'string') continue;
      const [name = ''] = pair.split('=', 1);
      if (!unset.has(name)) all.set(name, pair);
    }
    for (const [name, value] of set) all.set(name, `${name}=${value}`);
    return all.size === 0 ? undefined : [...all.values()];
  });
}

export function editSet(
  member: SetMember,
  set: readonly string[],
  unset: ReadonlySet<string>,
): ConfigEdit {
  return inRun(member, (before) => {
    const kept = Object.entries(asRecord(before)).filter(([key]) => !unset.has(key));
    return nonEmpty({
      ...Object.fromEntries(kept),
      ...Object.fromEntries(set.map((key) => [key, {}])),
    });
  });
}

function nonEmpty(object: Json): Json | undefined {
  return Object.keys(object).length === 0 ? undefined : object;
}

/** Replaces all members that name the platform. */
export function setPlatform(platform: Platform): ConfigEdit {
  return (config) => {
    let out: Json = config;
    for (const key of ['os', 'architecture', 'variant', 'os.version', 'os.features'] as const) {
      out = withMember(out, key, platform[key]);
    }
    return out;
  };
}
