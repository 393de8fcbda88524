import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BuiltStore } from '../../build/built-store.ts';
import { takeApart } from '../../build/image-steps.ts';
import { AppendedLayer, type LayerInput } from '../../build/layers/append.ts';
import {
  removeLayers,
  squash,
  stripFiles,
  stripHistory,
  StripPaths,
  type LayerTools,
} from '../../build/layers/change-layers.ts';
import { directoryTar } from '../../build/layers/directory-tar.ts';
import { platformIn, type ImageEdits } from '../../build/mutate/edit-image.ts';
import { BASE_NAME, namedBase, rebase, type BaseImage } from '../../build/rebase/rebase.ts';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { IMAGE_CONFIG } from '../../oci/document-members.ts';
import type { Platform } from '../../oci/platform.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { readConfig } from '../../store/index-entries.ts';
import { manifestDocument } from '../../store/manifests.ts';
import { openPlatformIndex, platformUnknownError, selectPlatform } from '../../store/platforms.ts';
import type { CallOptions } from '../../util/abort.ts';
import { systemError } from '../../util/errno.ts';
import { asRecord } from '../../util/json.ts';
import type { Context } from '../context.ts';
import { inputBytes } from '../input/content.ts';
import { readFlag, readList, readText, rejectTogether } from '../input/read.ts';
import type { Workspace, WorkspaceContext } from '../publish/workspace.ts';
import type { Input } from '../types.ts';

type StepsContext = WorkspaceContext & Pick<Context, 'stdin'>;

/** What a line asks of layers and history. */
export interface LayerOptions {
  readonly append: readonly string[];
  readonly layerRm: ReadonlySet<number>;
  readonly stripFile: readonly string[];
  readonly squash: boolean;
  readonly stripHistory: boolean;
  /** By annotations, or from one named base to another. */
  readonly rebase: 'annotations' | { readonly from: string; readonly to: string } | undefined;
}

/** @throws AppError USAGE */
export function layerOptions(input: Input): LayerOptions {
  const [from, to] = [readText(input, 'oldBase'), readText(input, 'newBase')];
  const byAnnotations = readFlag(input, 'rebase');
  rejectTogether({ '--rebase': byAnnotations, '--old-base': from !== undefined });
  if ((from === undefined) !== (to === undefined)) {
    throw new AppError('USAGE', '--old-base and --new-base are used together', {
      hint: 'With the base that the annotations name, use only --rebase.',
    });
  }
  const layerRm = readList(input, 'layerRm').map((text) => {
    if (/^\d{1,6}$/u.test(text)) return Number(text);
    throw new AppError('USAGE', `--layer-rm takes the number of a layer, not "${text}"`, {
      hint: 'Layers count from 0, the lowest.',
    });
  });
  return {
    append: readList(input, 'append'),
    layerRm: new Set(layerRm),
    stripFile: readList(input, 'stripFile'),
    squash: readFlag(input, 'squash'),
    stripHistory: readFlag(input, 'stripHistory'),
    rebase: byAnnotations
      ? 'annotations'
      : from === undefined || to === undefined
        ? undefined
        : { from, to },
  };
}

export interface StepsRequest {
  readonly options: LayerOptions;
  readonly tools: LayerTools;
  /** Of the history entries that are written, RFC 3339. */
  readonly created: string;
  /** Seconds since 1970 for the files of directories. Absent: as on the disk. */
  readonly mtime: number | undefined;
  readonly text: string;
}

/** The changes of layers in their order: base, removed layers and files, one layer, new layers. */
export async function layerSteps(
  context: StepsContext,
  workspace: Workspace,
  request: StepsRequest,
): Promise<{ readonly steps: ImageEdits['steps']; readonly requireFound: () => void }> {
  const { options, tools, created, text } = request;
  const { built, writer, call } = tools;
  const steps: ImageEdits['steps'][number][] = [];
  if (options.rebase !== undefined)
    steps.push(rebaseStep(context, workspace, built, options, call));
  if (options.layerRm.size > 0) {
    steps.push(async (image) => removeLayers(image, options.layerRm, text));
  }
  const paths = new StripPaths(options.stripFile);
  if (options.stripFile.length > 0) {
    steps.push((image, { store }) => stripFiles(image, store, paths, tools));
  }
  if (options.squash) steps.push((image, { store }) => squash(image, store, tools, created));
  for (const name of options.append) {
    const layer = new AppendedLayer(await openInput(context, name, request), writer, call);
    steps.push((image) => layer.appendTo(image, built, created));
  }
  if (options.stripHistory) steps.push(async (image) => stripHistory(image));
  return { steps, requireFound: () => paths.requireFound(text) };
}

async function openInput(
  context: StepsContext,
  name: string,
  { mtime, tools: { call } }: StepsRequest,
): Promise<LayerInput> {
  if (name === '-') return { name, isDirectory: false, open: () => context.stdin(call) };
  const path = resolve(context.cwd, name);
  const found = await stat(path).catch((error: unknown) => {
    throw systemError(error, { verb: 'read', path: name });
  });
  const isDirectory = found.isDirectory();
  const warn = (warning: string): void => context.warn(warning);
  return {
    name,
    isDirectory,
    open: () =>
      isDirectory ? directoryTar(path, { ...call, mtime, warn }) : inputBytes(context, name, call),
  };
}

function rebaseStep(
  context: StepsContext,
  workspace: Workspace,
  built: BuiltStore,
  { rebase: wanted }: LayerOptions,
  call: CallOptions,
): ImageEdits['steps'][number] {
  return async (image, { text }) => {
    const platform = platformIn(image.config);
    const isTyped = wanted !== 'annotations';
    const open = (name: string, digest?: string): Promise<BaseImage> =>
      openBase(context, workspace, built, { name, digest, platform, isTyped }, call);
    if (wanted !== 'annotations' && wanted !== undefined) {
      return rebase(image, await open(wanted.from), await open(wanted.to), text);
    }
    const named = namedBase(image.manifest);
    if (named === undefined) throw noBase(text);
    const { name, digest } = named;
    return rebase(image, await open(name, digest), await open(name), text);
  };
}

/** Opens the image of one platform of a base. */
async function openBase(
  context: StepsContext,
  workspace: Workspace,
  built: BuiltStore,
  {
    name,
    digest,
    platform,
    isTyped,
  }: {
    readonly name: string;
    readonly isTyped: boolean;
    readonly digest: string | undefined;
    readonly platform: Platform | undefined;
  },
  call: CallOptions,
): Promise<BaseImage> {
  const location = context.locate(name);
  // An image must not choose which files of this machine its next version has.
  if (!isTyped && location.scheme !== 'docker') throw foreignBase(name);
  const { store, ref } = await workspace.source(location, call);
  const root = await store.resolve(digest ?? ref, { ...call, purpose: 'content' });
  let manifest = await built.read(store, root, call);
  if (manifest.kind === 'index') {
    const index = openPlatformIndex(store, manifest);
    const found = platform === undefined ? undefined : await selectPlatform(index, platform, call);
    if (found === undefined || platform === undefined) {
      throw platformUnknownError(location.text, platform ?? context.hostPlatform, []);
    }
    manifest = await built.read(store, found.chosen.descriptor, call);
  }
  if (manifest.kind !== 'image') {
    throw new AppError('UNSUPPORTED', `cannot rebase on ${location.text}: it is not an image`);
  }
  const bytes = await readConfig(store, manifest.config, location.text, call);
  const config = parseJsonStrict(bytes, 'INVALID_CONFIG', 'image configuration', IMAGE_CONFIG);
  const documents = { manifest: manifestDocument(manifest), config: asRecord(config) };
  const image = takeApart(documents, location.text);
  // An annotation keeps its words; what was typed is written in full.
  return { image, name: isTyped ? location.text : name, digest: root.digest };
}

function noBase(text: string): AppError {
  return new AppError('USAGE', `cannot rebase ${text}: its annotations name no base`, {
    why: [`${BASE_NAME} and its digest are missing`],
    hint: 'Name both bases: --old-base IMAGE --new-base IMAGE',
  });
}

function foreignBase(name: string): AppError {
  return new AppError(
    'INVALID_REFERENCE',
    `cannot rebase on ${sanitize(name)}: it is in no registry`,
    {
      why: [`the annotation ${BASE_NAME} names it`],
      hint: 'Name both bases: --old-base IMAGE --new-base IMAGE',
    },
  );
}
