import { TITLE } from '../../artifact/annotations.ts';
import { kindOfMediaType } from '../../artifact/kinds.ts';
import { buildTime } from '../../oci/created.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { type ImageConfig, configPlatform } from '../../image/config.ts';
import { stepText } from '../../image/history.ts';
import { isDigest, shortDigest } from '../../oci/digest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { Style } from '../result.ts';
import { formatAge, formatSize } from '../../util/text/units.ts';
import { type InspectedStep, type Inspection } from '../../image/describe.ts';
import { displayWidth, padEnd, padStart, truncate } from '../output/width.ts';

export interface PageInfo {
  readonly title: string;
  readonly config: ImageConfig;
  readonly now: Date;
  /** "2 signatures, SBOM (SPDX)"; empty for none. */
  readonly attached?: string | undefined;
}

/** Minimum width of the page, in columns. */
const MIN_WIDTH = 40;

/** Maximum number of tags in the header. */
const SHOWN_TAGS = 8;

/** Renders an image as text: header, platforms, layers with bars, labels, environment. */
export function inspectPage(image: Inspection, facts: PageInfo, style: Style): string {
  const width = Math.max(MIN_WIDTH, style.width);
  const sections = [
    header(image, facts, width, style),
    platforms(image, width, style),
    layers(image, width, style),
    pairs('Labels', Object.entries(image.Labels ?? {}), width, style),
    pairs('Environment', (image.Env ?? []).map(splitPair), width, style),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

/** Truncates text for a terminal; a pipe gets it in full. */
function fit(text: string, columns: number, style: Style): string {
  const safe = sanitize(text);
  return style.terminal ? truncate(safe, Math.max(1, columns)) : safe;
}

function header(
  image: Inspection,
  { title, config, now, attached = '' }: PageInfo,
  width: number,
  style: Style,
): string {
  const platform = configPlatform(config);
  const count = image.Layers.length;
  const command = [...config.entrypoint, ...config.cmd].map(quoted).join(' ');
  // A part of a digest names nothing, so these two lines may be wider than the terminal.
  const digests: readonly (readonly [string, string])[] = [
    ['Digest', image.Digest],
    ['Manifest', image.ManifestDigest === image.Digest ? '' : image.ManifestDigest],
  ];
  const rows: readonly (readonly [string, string])[] = [
    ['Type', image.MediaType],
    ['Artifact', artifact(image)],
    ['Platform', platform === undefined ? '' : formatPlatform(platform)],
    ['Created', image.Created === null ? '' : created(image.Created, now)],
    ['Size', `${formatSize(image.Size)} in ${count} ${count === 1 ? 'layer' : 'layers'}`],
    ['Command', command],
    ['User', config.user ?? ''],
    ['Directory', config.workingDir ?? ''],
    ['Ports', config.exposedPorts.join(', ')],
    ['Volumes', config.volumes.join(', ')],
    ['Attached', attached],
    ['Tags', tagList(image.RepoTags)],
  ];
  const fitted = rows.map(([name, value]) => [name, fit(value, width - LABEL - 3, style)] as const);
  const lines = [...digests, ...fitted]
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `  ${style.dim(name.padEnd(LABEL))} ${value}`);
  return [style.bold(fit(title, width, style)), ...lines].join('\n');
}

const LABEL = 9;

/** The type in full, and what people call it. */
function artifact({ ArtifactType }: Inspection): string {
  if (ArtifactType === null) return '';
  const kind = kindOfMediaType(ArtifactType);
  return kind === undefined ? ArtifactType : `${ArtifactType} (${kind})`;
}

function created(text: string, now: Date): string {
  const age = formatAge(buildTime(text), now);
  return age === '' ? text : `${text.slice(0, 10)} (${age})`;
}

/** Quotes an argument as a shell needs it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/u.test(argument) ? argument : JSON.stringify(argument);
}

function tagList(tags: readonly string[]): string {
  const rest = tags.length - SHOWN_TAGS;
  return tags.slice(0, SHOWN_TAGS).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function platforms(image: Inspection, width: number, style: Style): string {
  if (image.Platforms.length < 2) return '';
  const column = Math.max(...image.Platforms.map((one) => displayWidth(sanitize(one.Platform))));
  const lines = image.Platforms.map((one) => {
    const shown = one.Digest === image.ManifestDigest;
    const name = padEnd(sanitize(one.Platform), column);
    const isCut = style.terminal && displayWidth(one.Digest) > width - column - 4;
    const digest = isCut && isDigest(one.Digest) ? shortDigest(one.Digest) : sanitize(one.Digest);
    return `${shown ? style.green('▸') : ' '} ${shown ? style.bold(name) : name}  ${style.dim(digest)}`;
  });
  return [style.bold('Platforms'), ...lines].join('\n');
}

const FULL = '█';
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Draws a bar in eighths of a column, so that small layers differ; only 0 is empty. */
export function bar(share: number, columns: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(Math.min(1, share) * columns * 8));
  return FULL.repeat(Math.floor(eighths / 8)) + (PARTS[eighths % 8] ?? '');
}

function layers(image: Inspection, width: number, style: Style): string {
  const { LayersData } = image;
  if (LayersData.length === 0) return '';
  const largest = Math.max(1, ...LayersData.map((layer) => layer.Size));
  const barColumns = width >= 100 ? 24 : width >= 70 ? 14 : 8;
  const sizes = LayersData.map((layer) => formatSize(layer.Size));
  const sizeColumns = Math.max(...sizes.map(displayWidth));
  const steps = layerSteps(image.History, LayersData.length);
  const lines = LayersData.map((layer, i) => {
    const number = padStart(String(i + 1), String(LayersData.length).length);
    const size = padStart(sizes[i] ?? '', sizeColumns);
    const drawn = padEnd(bar(layer.Size / largest, barColumns), barColumns);
    const digest = layer.Digest.slice(layer.Digest.indexOf(':') + 1).slice(0, 12);
    const used = number.length + sizeColumns + barColumns + digest.length + 10;
    const made = fit(layer.Annotations?.[TITLE] ?? steps[i] ?? '', width - used, style);
    return `  ${style.dim(number)}  ${size}  ${style.cyan(drawn)}  ${digest}  ${style.dim(made)}`.trimEnd();
  });
  return [style.bold('Layers'), ...lines].join('\n');
}

/** The command that made each layer; empty if the history does not have one step per layer. */
function layerSteps(history: readonly InspectedStep[], count: number): readonly string[] {
  const made = history.filter((step) => !step.EmptyLayer);
  if (made.length !== count) return [];
  return made.map((step) => stepText(step.CreatedBy === '' ? step.Comment : step.CreatedBy));
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A web address leads to itself, also where it is cut short. */
function linked(value: string, text: string, style: Style): string {
  const url = /^https?:\/\//u.test(value) ? URL.parse(value) : null;
  return url === null ? text : style.link(text, url);
}

function pairs(
  title: string,
  entries: readonly (readonly [string, string])[],
  width: number,
  style: Style,
): string {
  if (entries.length === 0) return '';
  const lines = entries.map(([key, value]) => {
    const name = fit(key, width - 4, style);
    const text = fit(value, width - displayWidth(name) - 3, style);
    return `  ${style.cyan(name)}=${linked(value, text, style)}`;
  });
  return [style.bold(title), ...lines].join('\n');
}
