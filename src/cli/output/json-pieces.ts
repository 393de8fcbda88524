/**
 * The text of `JSON.stringify(value, undefined, indent)` in pieces, so that a list of thousands is
 * never one text. Only the lists at the top and one level below are split.
 */
export function* jsonPieces(value: unknown, indent: number): Generator<string> {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) {
    yield* listPieces(value, indent, '');
  } else if (!isPlain(value)) {
    yield JSON.stringify(value ?? null, undefined, indent);
  } else {
    const members = Object.entries(value).filter(([, member]) => isWritten(member));
    let before = '{\n';
    for (const [name, member] of members) {
      yield `${before}${pad}${JSON.stringify(name)}: `;
      if (Array.isArray(member)) yield* listPieces(member, indent, pad);
      else yield below(JSON.stringify(member, undefined, indent), pad);
      before = ',\n';
    }
    yield members.length === 0 ? '{}' : '\n}';
  }
}

function* listPieces(list: readonly unknown[], indent: number, pad: string): Generator<string> {
  const inner = pad + ' '.repeat(indent);
  let before = '[\n';
  for (const item of list) {
    const text = isWritten(item) ? JSON.stringify(item, undefined, indent) : 'null';
    yield `${before}${inner}${below(text, inner)}`;
    before = ',\n';
  }
  yield list.length === 0 ? '[]' : `\n${pad}]`;
}

/** A line end in JSON text is always between values. */
const below = (text: string, pad: string): string => text.replaceAll('\n', `\n${pad}`);

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !('toJSON' in value) &&
  Object.getPrototypeOf(value) === Object.prototype;

const isWritten = (value: unknown): boolean =>
  value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
