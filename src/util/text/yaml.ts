/** A node of a YAML document, with every scalar as the text that was written. */
export type YamlNode = YamlScalar | YamlList | YamlMap;

interface Placed {
  /** 1-based. */
  readonly line: number;
}

export interface YamlScalar extends Placed {
  readonly kind: 'scalar';
  readonly text: string;
  /** Whether it is unquoted, and so may mean a number, a boolean or null. */
  readonly plain: boolean;
}

export interface YamlList extends Placed {
  readonly kind: 'list';
  /** Computed on demand, because an alias may occur inside its own anchor. */
  items(): readonly YamlNode[];
}

export interface YamlEntry extends Placed {
  readonly key: string;
  readonly value: YamlNode;
}

export interface YamlMap extends Placed {
  readonly kind: 'map';
  /** The last value of each key; own keys take precedence over those of `<<`. */
  entries(): readonly YamlEntry[];
  /** A key that occurs twice. */
  duplicate(): YamlEntry | undefined;
}

/** A syntax error in a document, with its position. */
export class YamlError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Parses YAML or JSON with every scalar as the text that was written: a tag 3.10 stays "3.10". Of a
 * repeated key the last value counts. @throws Error that names line and column
 */
export async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { schema: 'failsafe', merge: true, uniqueKeys: false }) as unknown;
}

/**
 * Parses a document into nodes with their lines, for error messages; `undefined` for an empty file.
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
        // Of several merged maps, the first one wins.
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

/** The text as written; without its quotes if it was quoted. */
function textOf({ source, value }: { readonly source?: string; readonly value: unknown }): string {
  return source ?? (typeof value === 'string' ? value : '');
}

/** Limit for maps merged into maps. */
const MAX_MERGES = 50;

/** Writes a value as YAML; strings that look like another type are quoted. */
export async function stringifyYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0, version: '1.1' });
}
