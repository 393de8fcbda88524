import { parseAnnotation, type AnnotationEdit } from '../../build/annotations.ts';
import {
  editEnv,
  editLabels,
  editSet,
  setAuthor,
  setCommand,
  setCreated,
  setHealthcheck,
  setPlatform,
  setText,
  type ConfigEdit,
} from '../../build/mutate/config-edits.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Platform } from '../../oci/platform.ts';
import type { Context } from '../context.ts';
import { readFlag, readList, readText, rejectTogether } from '../input/read.ts';
import type { Input } from '../types.ts';
import { parseCommand, parseHealthcheck, parsePairs, parsePort, parseTime } from './values.ts';

/** Options with one text: what it sets, and how it is read. */
const TEXTS: readonly {
  readonly name: string;
  readonly unset: string;
  readonly edit: (value: string | undefined) => ConfigEdit;
}[] = [
  { name: 'user', unset: 'unsetUser', edit: (value) => setText('User', value) },
  { name: 'workdir', unset: 'unsetWorkdir', edit: (value) => setText('WorkingDir', value) },
  { name: 'stopSignal', unset: 'unsetStopSignal', edit: (value) => setText('StopSignal', value) },
  { name: 'author', unset: 'unsetAuthor', edit: setAuthor },
  {
    name: 'entrypoint',
    unset: 'unsetEntrypoint',
    edit: (value) =>
      setCommand('Entrypoint', value === undefined ? value : parseCommand(value, '--entrypoint')),
  },
  {
    name: 'cmd',
    unset: 'unsetCmd',
    edit: (value) => setCommand('Cmd', value === undefined ? value : parseCommand(value, '--cmd')),
  },
  {
    name: 'healthcheck',
    unset: 'unsetHealthcheck',
    edit: (value) => setHealthcheck(value === undefined ? value : parseHealthcheck(value)),
  },
];

/**
 * The changes of the configuration that a line asks for. SOURCE_DATE_EPOCH is the creation time of
 * what changes; by itself, it changes nothing.
 * @throws AppError USAGE
 */
export function configEdits(
  input: Input,
  {
    created,
    platform,
    hasSteps,
  }: {
    readonly created: RequestedTime | undefined;
    readonly platform: Platform | undefined;
    readonly hasSteps: boolean;
  },
): readonly ConfigEdit[] {
  const edits = [
    ...(platform === undefined ? [] : [setPlatform(platform)]),
    ...TEXTS.flatMap(({ name, unset, edit }) => textEdit(input, name, unset, edit)),
    ...listEdits(input),
  ];
  const isTimed = created?.isExplicit === true || edits.length > 0 || hasSteps;
  return created === undefined || !isTimed ? edits : [...edits, setCreated(created.time)];
}

function listEdits(input: Input): readonly ConfigEdit[] {
  const unset = (name: string): ReadonlySet<string> => new Set(readList(input, name));
  const labels = parsePairs(readList(input, 'label'), '--label');
  const env = parsePairs(readList(input, 'env'), '--env');
  const [volumes, ports] = [readList(input, 'volume'), readList(input, 'expose').map(parsePort)];
  const gone = {
    labels: unset('unsetLabel'),
    env: unset('unsetEnv'),
    volumes: unset('unsetVolume'),
    ports: new Set(readList(input, 'unsetExpose').map(parsePort)),
  };
  return [
    ...(labels.size + gone.labels.size > 0 ? [editLabels(labels, gone.labels)] : []),
    ...(env.size + gone.env.size > 0 ? [editEnv(env, gone.env)] : []),
    ...(volumes.length + gone.volumes.size > 0 ? [editSet('Volumes', volumes, gone.volumes)] : []),
    ...(ports.length + gone.ports.size > 0 ? [editSet('ExposedPorts', ports, gone.ports)] : []),
  ];
}

const dashed = (word: string): string =>
  `--${word.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;

function textEdit(
  input: Input,
  name: string,
  unset: string,
  edit: (value: string | undefined) => ConfigEdit,
): readonly ConfigEdit[] {
  const value = readText(input, name);
  const isUnset = readFlag(input, unset);
  rejectTogether({ [dashed(name)]: value !== undefined, [dashed(unset)]: isUnset });
  if (isUnset || value === '') return [edit(undefined)];
  return value === undefined ? [] : [edit(value)];
}

/** Annotations as typed: without a level, they are of the index if there is one. */
export function annotationEdits(input: Input): readonly AnnotationEdit[] {
  return [
    ...readList(input, 'annotation').flatMap((text) => parseAnnotation(text, 'set')),
    ...readList(input, 'unsetAnnotation').flatMap((text) => parseAnnotation(text, 'unset')),
  ];
}

export interface RequestedTime {
  /** RFC 3339. */
  readonly time: string;
  /** By `--created`. */
  readonly isExplicit: boolean;
}

/** `--created`, else SOURCE_DATE_EPOCH (reproducible-builds.org). @throws AppError USAGE */
export function requestedTime(
  { env }: Pick<Context, 'env'>,
  input: Input,
): RequestedTime | undefined {
  const given = readText(input, 'created');
  if (given !== undefined) return { time: parseTime(given, '--created'), isExplicit: true };
  const epoch = env['SOURCE_DATE_EPOCH'];
  if (epoch === undefined || epoch === '') return undefined;
  if (/^\d+$/u.test(epoch))
    return { time: parseTime(epoch, 'SOURCE_DATE_EPOCH'), isExplicit: false };
  throw new AppError('USAGE', `SOURCE_DATE_EPOCH is not a number of seconds: "${epoch}"`);
}

/** As typed: a configuration may name a variant that the architecture implies. */
export function readPlatform(input: Input): Platform | undefined {
  const text = readText(input, 'setPlatform');
  if (text === undefined) return undefined;
  const [, os, architecture, variant, version] =
    /^([a-z0-9._-]+)\/([a-z0-9._-]+)(?:\/([a-z0-9._-]+))?(?::([\w.-]+))?$/u.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw new AppError('INVALID_PLATFORM', `--set-platform does not take "${text}"`, {
      hint: 'For example linux/amd64, linux/arm/v7 or windows/amd64:10.0.20348.',
    });
  }
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
  };
}
