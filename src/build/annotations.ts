import { AppError } from '../errors/app-error.ts';
import { matchesPlatform, parsePlatform, type Platform } from '../oci/platform.ts';
import { stringRecord } from '../util/json.ts';

/** Where an annotation goes, in the words of `docker build --annotation`. */
export type AnnotationLevel = 'index' | 'manifest' | 'manifest-descriptor';

const LEVELS: readonly string[] = ['index', 'manifest', 'manifest-descriptor'];

/** One change of an annotation. */
export interface AnnotationEdit {
  /** Absent: the index if there is one, else the manifest. */
  readonly level: AnnotationLevel | undefined;
  /** Only for this platform of an index. Absent: for all. */
  readonly platform: Platform | undefined;
  readonly key: string;
  /** Absent: the annotation is removed. */
  readonly value: string | undefined;
}

/**
 * Parses `[LEVEL[,LEVEL…][[PLATFORM]]:]KEY=VALUE`; without `=VALUE` for `unset`.
 * @throws AppError USAGE, INVALID_PLATFORM
 */
export function parseAnnotation(text: string, kind: 'set' | 'unset'): readonly AnnotationEdit[] {
  const [, prefix, rest = ''] =
    /^(?:([a-z]+(?:-[a-z]+)*(?:\[[^\]]*\])?(?:,[a-z]+(?:-[a-z]+)*(?:\[[^\]]*\])?)*):)?(.*)$/su.exec(
      text,
    ) ?? [];
  const at = kind === 'set' ? rest.indexOf('=') : rest.length;
  const key = rest.slice(0, at);
  if (at < 0 || key === '') {
    throw new AppError(
      'USAGE',
      `cannot read the annotation "${text}": it has no ${at < 0 ? '"="' : 'key'}`,
      {
        hint: 'Write KEY=VALUE, or index:KEY=VALUE, manifest[linux/arm64]:KEY=VALUE, manifest-descriptor:KEY=VALUE.',
      },
    );
  }
  const value = kind === 'set' ? rest.slice(at + 1) : undefined;
  const levels = prefix === undefined ? [undefined] : prefix.split(',').map(parseLevel);
  return levels.map((one) => ({ level: one?.level, platform: one?.platform, key, value }));
}

function parseLevel(text: string): Pick<AnnotationEdit, 'level' | 'platform'> {
  const [, level = '', platform] = /^([a-z-]+)(?:\[(.*)\])?$/su.exec(text) ?? [];
  const isKnown = (word: string): word is AnnotationLevel => LEVELS.includes(word);
  if (isKnown(level) && (level !== 'index' || platform === undefined)) {
    return { level, platform: platform === undefined ? undefined : parsePlatform(platform) };
  }
  throw new AppError('USAGE', `cannot set an annotation: there is no level "${text}"`, {
    hint: `The levels are ${LEVELS.join(', ')}; the last two also take a platform: manifest[linux/arm64].`,
  });
}

/** The edits of a level that apply to a platform; `undefined` for an image without one. */
export function editsFor(
  edits: readonly AnnotationEdit[],
  level: AnnotationLevel,
  platform?: Platform,
): readonly AnnotationEdit[] {
  return edits.filter(
    (edit) =>
      edit.level === level &&
      (edit.platform === undefined ||
        (platform !== undefined && matchesPlatform(edit.platform, platform))),
  );
}

type Json = Readonly<Record<string, unknown>>;

/** An object with its `annotations` changed; the member goes when no annotation is left. */
export function withAnnotations(object: Json, edits: readonly AnnotationEdit[]): Json {
  if (edits.length === 0) return object;
  const all = new Map(Object.entries(stringRecord(object['annotations']) ?? {}));
  for (const { key, value } of edits) {
    if (value === undefined) all.delete(key);
    else all.set(key, value);
  }
  const { annotations: _before, ...rest } = object;
  return all.size === 0 ? rest : { ...rest, annotations: Object.fromEntries(all) };
}
