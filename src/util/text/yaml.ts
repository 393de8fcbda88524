/** A part of a YAML document, with every scalar as the text that was written. */
export type YamlNode = YamlScalar | YamlList | YamlMap;

interface Placed {
  /** From 1. */
  readonly line: number;
}

export interface YamlScalar extends Placed {
  readonly kind: 'scalar';
  readonly text: string;
  /** Without quotes: what may be meant as a number, a boolean or nothing. */
  readonly plain: boolean;
}

export interface YamlList extends Placed {
  readonly kind: 'list';
  /** Read when asked for: an alias may stand inside of what it names. */
  items(): readonly YamlNode[];
}

export interface YamlEntry extends Placed {
  readonly key: string;
  readonly value: YamlNode;
}

export interface YamlMap extends Placed {
  readonly kind: 'map';
  /** Each key once, the last value of a key; its own keys win over those of `<<`. */
  entries(): readonly YamlEntry[];
  /** A key that stands twice. */
  duplicate(): YamlEntry | undefined;
}

/** What is wrong with a document, and where. */
export class YamlError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * YAML, or JSON, with every scalar as the text that was written: a tag 3.10 stays "3.10". A key that
 * stands twice keeps its last value. @throws Error that names line and column
 */
export async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { schema: 'failsafe', merge: true, uniqueKeys: false }) as unknown;
}

/**
 * The same with its lines, for files whose errors have to name them; `undefined` for an empty file.
 * @throws YamlError, also for a second document
 */
export async function parseYamlTree(text: string): Promise<YamlNode | undefined> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const documents = yaml.parseAllDocuments(text.replace(/^\uFEFF/u, ''), {
    schema: 'failsafe',
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
  });
  const lineOf = (range: readonly number[] | null | undefined): number =>
    lines.linePos(range?.[0] ?? 0).line || 1;
  const [first, second] = 'empty' in documents ? [] : documents;
  const [error] = first?.errors ?? [];
  if (error !== undefined)
    throw new YamlError(error.message.split('\n', 1)[0] ?? '', lines.linePos(error.pos[0]).line);
  if (second !== undefined)
    throw new YamlError('a second document begins here', lineOf(second.range));
  if (first?.contents === null || first === undefined) return undefined;

  const resolve = (node: unknown): unknown => {
    if (!yaml.isAlias(node)) return node;
    const target = node.resolve(first);
    if (target !== undefined) return target;
    throw new YamlError(`there is no anchor "${node.source}"`, lineOf(node.range));
  };
  const own = (map: InstanceType<typeof yaml.YAMLMap>): YamlEntry[] =>
    map.items
      .filter(({ key }) => keyOf(key) !== '<<')
      .map(({ key, value }) => ({
        key: keyOf(key),
        line: lineOf(yaml.isNode(key) ? key.range : undefined),
        value: convert(value, lineOf(yaml.isNode(key) ? key.range : undefined)),
      }));
  const keyOf = (key: unknown): string => {
    const node = resolve(key);
    if (yaml.isScalar(node)) return textOf(node);
    throw new YamlError('a key is no text', lineOf(yaml.isNode(node) ? node.range : undefined));
  };
  const merged = (map: InstanceType<typeof yaml.YAMLMap>, depth: number): YamlEntry[] => {
    const all = new Map<string, YamlEntry>();
    if (depth > MAX_MERGES) throw new YamlError('"<<" leads in a circle', lineOf(map.range));
    for (const { key, value } of map.items) {
      if (keyOf(key) !== '<<') continue;
      const named = resolve(value);
      const sources = yaml.isSeq(named) ? named.items.map(resolve) : [named];
      for (const source of sources) {
        if (!yaml.isMap(source))
          throw new YamlError('"<<" takes a map, or a list of maps', lineOf(map.range));
        // The first of a list wins.
        for (const entry of merged(source, depth + 1))
          if (!all.has(entry.key)) all.set(entry.key, entry);
      }
    }
    for (const entry of own(map)) all.set(entry.key, entry);
    return [...all.values()];
  };
  const convert = (value: unknown, line: number): YamlNode => {
    const node = resolve(value);
    const at = yaml.isNode(node) && node.range ? lineOf(node.range) : line;
    if (yaml.isMap(node)) {
      return {
        kind: 'map',
        line: at,
        entries: () => merged(node, 0),
        duplicate() {
          const seen = new Set<string>();
          return own(node).find(({ key }) => seen.size === seen.add(key).size);
        },
      };
    }
    if (yaml.isSeq(node)) {
      return { kind: 'list', line: at, items: () => node.items.map((one) => convert(one, at)) };
    }
    const scalar = yaml.isScalar(node) ? node : undefined;
    const plain = scalar === undefined || (scalar.type ?? 'PLAIN') === 'PLAIN';
    return { kind: 'scalar', line: at, text: scalar === undefined ? '' : textOf(scalar), plain };
  };
  return convert(first.contents, 1);
}

/** As it was written; of a quoted one, what the quotes hold. */
function textOf({ source, value }: { readonly source?: string; readonly value: unknown }): string {
  return source ?? (typeof value === 'string' ? value : '');
}

/** Maps that take keys from maps that take keys. */
const MAX_MERGES = 50;

/** A value as YAML; texts that look like something else are quoted. */
export async function stringifyYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0, version: '1.1' });
}
