import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parseYamlTree, YamlError, type YamlNode } from '../../util/text/yaml.ts';
import { PatternError, selectNames, selectTags } from '../select.ts';
import type { Expand } from '../templates.ts';
import type { SyncFile, SyncFormat } from '../types.ts';
import type { FileContext } from './reader.ts';
import { readRegsync } from './regsync.ts';
import { readSkopeo, type SkopeoOptions } from './skopeo.ts';

export interface ReadFileOptions {
  /** The file's name in messages. */
  readonly name: string;
  readonly expand: Expand;
  /** Default: recognized by the keys of the file. */
  readonly format?: SyncFormat | undefined;
  /** The destination for skopeo's file, which does not contain one. */
  readonly skopeo?: SkopeoOptions | undefined;
  warn(text: string): void;
}

/** Keys that only regctl's own file has. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'name',
  'map',
  'immutable',
  'missing',
  'newest',
  'since',
  'minTags',
  'delete',
  'maxDelete',
  'deleteExclude',
  'sparseIndex',
  'state',
  'budget',
]);

const REGSYNC_KEYS = ['sync', 'creds', 'defaults', 'version'];

/**
 * Reads a sync file of skopeo, regsync or regctl, whose format is regsync's with more keys. A file
 * is used only if all of it is understood.
 * @throws AppError USAGE that names file, line and key
 */
export async function readSyncFile(text: string, options: ReadFileOptions): Promise<SyncFile> {
  const { name, expand, skopeo } = options;
  const file: FileContext = { name, warn: (one) => options.warn(one) };
  const root = await parse(text, name);
  const format = options.format ?? formatOf(root, name, skopeo !== undefined);
  if (format === 'skopeo') {
    if (skopeo === undefined) {
      throw new AppError(
        'USAGE',
        `cannot sync by ${sanitize(name)}: skopeo's file does not say where to`,
        {
          hint: `Name the destination: regctl sync --src yaml --dest docker ${sanitize(name)} HOST/PREFIX`,
        },
      );
    }
    return checked(readSkopeo(root, file, skopeo));
  }
  return checked(readRegsync(root, file, { expand, format }));
}

async function parse(text: string, name: string): Promise<YamlNode | undefined> {
  try {
    return await parseYamlTree(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const where = `${sanitize(name)}, line ${error.line}`;
    throw new AppError('USAGE', `cannot read ${where}: ${sanitize(error.message)}`, {
      cause: error,
    });
  }
}

/**
 * Recognizes the format by the keys of the file.
 * @throws AppError USAGE if they belong to both tools
 */
export function formatOf(
  root: YamlNode | undefined,
  name: string,
  isEmptySkopeo: boolean,
): SyncFormat {
  if (root === undefined) return isEmptySkopeo ? 'skopeo' : 'regsync';
  if (root.kind !== 'map') {
    throw new AppError('USAGE', `cannot read ${sanitize(name)}, line ${root.line}: it is no map`);
  }
  const entries = root.entries();
  const hosts = entries.filter(({ value }) => isSkopeoRegistry(value));
  const isRegsync = entries.some(({ key }) => REGSYNC_KEYS.includes(key));
  const [host] = hosts;
  if (isRegsync && host !== undefined) {
    const where = `${sanitize(name)}, line ${host.line}`;
    throw new AppError(
      'USAGE',
      `cannot read ${where}: "${sanitize(host.key)}" is of skopeo's format, other keys are of regsync's`,
    );
  }
  if (isRegsync) return hasOwnKeys(root) ? 'regctl' : 'regsync';
  if (hosts.length > 0 || isEmptySkopeo) return 'skopeo';
  throw new AppError(
    'USAGE',
    `cannot tell what ${sanitize(name)} is: it has neither "sync" nor registries`,
    {
      hint: 'See docs/sync.md for the three formats, or name one: --file-format regctl, regsync or skopeo.',
    },
  );
}

const SECTIONS = ['images', 'images-by-tag-regex', 'images-by-semver'];

function isSkopeoRegistry(node: YamlNode): boolean {
  return node.kind === 'map' && node.entries().some(({ key }) => SECTIONS.includes(key));
}

/** The keys of an anchor count, too, because they are merged into the steps. */
function hasOwnKeys(root: YamlNode): boolean {
  if (root.kind !== 'map') return false;
  return root.entries().some(({ key, value }) => {
    if (key === 'defaults') return keysOf(value).some((one) => OWN_KEYS.has(one));
    if (key !== 'sync' || value.kind !== 'list') return false;
    return value.items().some((step) => keysOf(step).some((one) => OWN_KEYS.has(one)));
  });
}

const keysOf = (node: YamlNode): readonly string[] =>
  node.kind === 'map' ? node.entries().map(({ key }) => key) : [];

/** Reports an invalid pattern or range before anything is transferred. */
async function checked(file: SyncFile): Promise<SyncFile> {
  for (const { where, tags, repos } of file.jobs) {
    try {
      await selectTags(tags);
      await selectNames(repos);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      throw new AppError(
        'USAGE',
        `cannot read ${sanitize(where)}: ${error.key} ${sanitize(error.message)}`,
        {
          cause: error,
        },
      );
    }
  }
  return file;
}
