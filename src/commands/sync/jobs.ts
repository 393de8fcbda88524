import { readFile, readdir } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { readSyncFile } from '../../sync/formats/index.ts';
import { jobsOf } from '../../sync/jobs.ts';
import { createExpand, type Expand } from '../../sync/templates.ts';
import type { SyncFile, SyncFormat, SyncJob } from '../../sync/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readFlag, readList, readText } from '../input/read.ts';
import type { Input } from '../types.ts';
import { namingOf, overrides } from './job-options.ts';

export type JobsContext = Pick<
  Context,
  'cwd' | 'env' | 'flags' | 'now' | 'terminal' | 'warn' | 'locate'
>;

/** The jobs of the command line and its file. */
export interface SyncRequest extends SyncFile {
  /** Whether the command line has skopeo's form. */
  readonly isSkopeo: boolean;
  /** All jobs of the file: a run of some of them shares the state of all. */
  readonly allJobs?: readonly SyncJob[] | undefined;
}

const MAX_FILE = 16 * 1024 * 1024;

/** @throws AppError USAGE, IO */
export async function readRequest(
  context: JobsContext,
  input: Input,
  options: CallOptions,
): Promise<SyncRequest> {
  const isSkopeo = readText(input, 'src') !== undefined || readText(input, 'dest') !== undefined;
  const file = readText(input, 'file');
  if (isSkopeo) return { ...(await skopeoForm(context, input, options)), isSkopeo };
  if (file !== undefined) return { ...(await fileForm(context, input, file, options)), isSkopeo };
  return { ...placesForm(context, input), isSkopeo };
}

export function expandOf({ env, cwd, now }: Pick<Context, 'env' | 'cwd' | 'now'>): Expand {
  return createExpand({ env, cwd, now });
}

/** @throws AppError USAGE also for a file that does not exist */
export async function readFileText(
  { cwd, terminal }: Pick<Context, 'cwd' | 'terminal'>,
  file: string,
  options: CallOptions,
): Promise<string> {
  if (file === '-') return terminal.readStdin(MAX_FILE, options);
  try {
    return await readFile(resolve(cwd, file), { encoding: 'utf8', signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new AppError(
      'USAGE',
      `cannot read ${sanitize(file)}: it does not exist or must not be read`,
      {
        cause: error,
      },
    );
  }
}

async function fileForm(
  context: JobsContext,
  input: Input,
  file: string,
  options: CallOptions,
): Promise<Omit<SyncRequest, 'isSkopeo'>> {
  const [to, ...more] = input.args;
  if (more.length > 0) {
    throw new AppError('USAGE', 'sync --file takes at most one place: where a file of skopeo goes');
  }
  const read = await parseFile(context, input, file, to, options);
  if (to !== undefined && read.format !== 'skopeo') {
    throw new AppError(
      'USAGE',
      `cannot sync ${sanitize(file)} to ${sanitize(to)}: the file says itself where to`,
    );
  }
  const only = readList(input, 'only');
  const jobs = read.jobs.filter(
    ({ name }) => only.length === 0 || (name !== undefined && only.includes(name)),
  );
  const unknown = only.find((name) => !read.jobs.some((job) => job.name === name));
  if (unknown !== undefined)
    throw new AppError('USAGE', `${sanitize(file)} has no job "${sanitize(unknown)}"`);
  return {
    ...read,
    allJobs: read.jobs,
    jobs: jobs.map((job) => ({ ...job, ...overrides(context, input) })),
  };
}

/** Parses the file; with `--strict`, warnings are errors. */
export async function parseFile(
  context: JobsContext,
  input: Input,
  file: string,
  destination: string | undefined,
  options: CallOptions,
): Promise<SyncFile> {
  const warnings: string[] = [];
  const read = await readSyncFile(await readFileText(context, file, options), {
    name: file === '-' ? 'standard input' : file,
    expand: expandOf(context),
    format: readText(input, 'fileFormat') as SyncFormat | undefined,
    ...(destination === undefined
      ? {}
      : { skopeo: { destination, naming: namingOf(input, 'flat'), all: readFlag(input, 'all') } }),
    warn: (text) => warnings.push(text),
  });
  const [first] = warnings;
  if (first !== undefined && readFlag(input, 'strict'))
    throw new AppError('USAGE', `cannot use the file: ${first}`);
  for (const text of warnings) context.warn(text);
  return read;
}

/** `sync FROM… TO`. @throws AppError USAGE */
function placesForm(context: JobsContext, input: Input): SyncFile {
  const sources = [...input.args];
  const target = sources.pop();
  if (target === undefined || sources.length === 0) {
    throw new AppError('USAGE', 'sync takes FROM and TO, or --file', {
      hint: 'For example: regctl sync docker.io/library/alpine registry.example.com/mirror/alpine',
    });
  }
  const jobs = jobsOf(sources, target, {
    hasRef: (text) => hasRef(context, text),
    naming: (standard) => namingOf(input, standard),
    settings: overrides(context, input),
  });
  return { format: 'regctl', jobs, hosts: new Map() };
}

/** Whether a name has a tag or digest. */
function hasRef({ locate }: Pick<Context, 'locate'>, text: string): boolean {
  return locate(text).ref !== undefined;
}

/** `sync --src T --dest T FROM TO`, as in skopeo. @throws AppError USAGE */
async function skopeoForm(
  context: JobsContext,
  input: Input,
  options: CallOptions,
): Promise<SyncFile> {
  const [src, dest] = [readText(input, 'src'), readText(input, 'dest')];
  const [from, to, ...more] = input.args;
  if (
    src === undefined ||
    dest === undefined ||
    from === undefined ||
    to === undefined ||
    more.length > 0
  ) {
    throw new AppError(
      'USAGE',
      'sync --src T --dest T takes both options, a source and a destination',
    );
  }
  if (src === 'dir' && dest === 'dir') {
    throw new AppError('USAGE', 'cannot sync from directories to directories', {
      hint: 'Copy them with a tool for files, such as rsync.',
    });
  }
  const target = dest === 'dir' ? `dir:${to}` : targetOf(to);
  if (src === 'yaml') return parseFile(context, input, from, target, options);
  const all = readFlag(input, 'all');
  const common = { target, tags: [], repos: {}, hostPlatform: !all, ...overrides(context, input) };
  if (src === 'docker') {
    const { text } = context.locate(from);
    const type = hasRef(context, from) ? 'image' : 'repository';
    if (!all)
      context.warn('of an index only the platform of this machine is copied; --all takes all');
    return {
      format: 'skopeo',
      hosts: new Map(),
      jobs: [{ where: text, type, source: from, naming: namingOf(input, 'flat'), ...common }],
    };
  }
  return {
    format: 'skopeo',
    hosts: new Map(),
    jobs: await directoryJobs(context, input, from, common),
  };
}

/** Parses a registry or a repository prefix in it. @throws AppError USAGE if it has a tag */
function targetOf(to: string): string {
  const base = to.replace(/^docker:\/\//u, '').replace(/\/+$/u, '');
  if (!/\/[^/]*[:@][^/]*$/u.test(base)) return base;
  throw new AppError('USAGE', `cannot sync to "${sanitize(to)}": a destination has no tag`);
}

/** Jobs for every `dir:` image below a directory. */
async function directoryJobs(
  { cwd }: Pick<Context, 'cwd'>,
  input: Input,
  from: string,
  common: Omit<SyncJob, 'where' | 'type' | 'source' | 'naming'>,
): Promise<readonly SyncJob[]> {
  const root = resolve(cwd, from);
  const found: string[] = [];
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    for (const entry of entries) if (entry.name === 'manifest.json') found.push(entry.parentPath);
  } catch (error) {
    throw new AppError('PATH_UNKNOWN', `directory ${sanitize(from)} does not exist`, {
      cause: error,
    });
  }
  if (found.length === 0)
    throw new AppError('PATH_UNKNOWN', `cannot sync from ${sanitize(from)}: it holds no image`);
  const suffix = readText(input, 'appendSuffix') ?? '';
  const isScoped = readFlag(input, 'scoped');
  return found.toSorted().map((path): SyncJob => {
    const last = path.split('/').at(-1) ?? '';
    const name = isScoped && path !== root ? relative(root, path) : last;
    return {
      ...common,
      where: path,
      type: 'image',
      source: `dir:${path}`,
      target: `${common.target}/${name}${suffix}`,
      naming: { style: 'exact', defaultTag: 'latest' },
    };
  });
}
