interface Link {
  readonly target: string;
  readonly relations: readonly string[];
}

/**
 * Returns the target of `rel="next"` in all Link header lines (RFC 8288, section 3), or undefined
 * if there is none or it is empty. Relations may be unquoted, as some registries write them.
 */
export function nextLink(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const next = parseLinks(line).find((link) => link.relations.includes('next'));
    if (next !== undefined) return next.target === '' ? undefined : next.target;
  }
  return undefined;
}

/** Linear in the length of `line`; skips everything that is not a link. */
export function parseLinks(line: string): Link[] {
  const links: Link[] = [];
  let at = line.indexOf('<');
  while (at >= 0) {
    const close = line.indexOf('>', at);
    if (close < 0) break;
    const target = line.slice(at + 1, close).trim();
    const parameters = readParameters(line, close + 1);
    links.push({ target, relations: parameters.relations });
    at = line.indexOf('<', parameters.end);
  }
  return links;
}

/** Reads `;name=value` up to the comma that ends this link; the first `rel` counts. */
function readParameters(line: string, start: number): { relations: string[]; end: number } {
  let relations: string[] | undefined;
  let at = start;
  while (at < line.length && line[at] !== ',') {
    if (line[at] !== ';') {
      at += 1;
      continue;
    }
    const parameter = readParameter(line, at + 1);
    if (parameter.name === 'rel') relations ??= splitWords(parameter.value);
    at = parameter.end;
  }
  return { relations: relations ?? [], end: at };
}

function readParameter(line: string, start: number): { name: string; value: string; end: number } {
  let at = start;
  while (at < line.length && !'=;,'.includes(line[at] ?? '')) at += 1;
  const name = line.slice(start, at).trim().toLowerCase();
  if (line[at] !== '=') return { name, value: '', end: at };
  at += 1;
  while (line[at] === ' ' || line[at] === '\t') at += 1;
  return line[at] === '"' ? readQuoted(line, name, at + 1) : readToken(line, name, at);
}

function readToken(line: string, name: string, start: number) {
  let at = start;
  while (at < line.length && line[at] !== ';' && line[at] !== ',') at += 1;
  return { name, value: line.slice(start, at).trim(), end: at };
}

function readQuoted(line: string, name: string, start: number) {
  const parts: string[] = [];
  let at = start;
  while (at < line.length && line[at] !== '"') {
    if (line[at] === '\\') at += 1;
    parts.push(line[at] ?? '');
    at += 1;
  }
  return { name, value: parts.join(''), end: Math.min(at + 1, line.length) };
}

function splitWords(value: string): string[] {
  return value
    .toLowerCase()
    .split(/[ \t]+/)
    .filter((word) => word !== '');
}

/**
 * Returns the next page's URL, never on another origin: only path and query of a foreign link are
 * used. A link to the same endpoint keeps our path, because Artifactory drops the repository key.
 */
export function nextUrl(lines: readonly string[], current: URL): URL | undefined {
  const target = nextLink(lines);
  if (target === undefined) return undefined;
  let url: URL;
  try {
    url = new URL(target, current);
  } catch {
    return undefined;
  }
  const next = new URL(current);
  if (lastSegment(url) !== lastSegment(current)) next.pathname = url.pathname;
  next.search = url.search;
  next.hash = '';
  return next;
}

function lastSegment(url: URL): string {
  return url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
}
