// Draws a command's output on an 80-column terminal: node scripts/screenshot.mjs OUT.svg COMMAND…
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const COLUMNS = 80;
const CELL = 8.43;
const LINE = 19;
const PAD = 18;
const BAR = 34;

/** regctl's SGR codes → SVG attributes; 22 and 39 reset them. */
const STYLES = {
  1: { 'font-weight': '700' },
  2: { 'fill-opacity': '.62' },
  31: { fill: '#ff7b72' },
  32: { fill: '#56d364' },
  33: { fill: '#e3b341' },
  34: { fill: '#79c0ff' },
  36: { fill: '#76e3ea' },
};
const OFF = { 0: Object.keys(STYLES), 22: ['1', '2'], 39: ['31', '32', '33', '34', '36'] };

const SGR = /\u001b\[[\d;]*m/gu;

const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** Runs a command on a pseudo-terminal (util-linux `script`) and returns what it printed. */
export function onTerminal(command, env, cwd = process.cwd()) {
  const quoted = command.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ');
  const shell = `stty cols ${COLUMNS} rows 60; exec ${quoted}`;
  const done = spawnSync('script', ['-qec', shell, '/dev/null'], {
    encoding: 'utf8',
    cwd,
    env: { ...env, TERM: 'xterm-256color' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.error !== undefined) throw done.error;
  return done.stdout.replaceAll('\r\n', '\n');
}

/** Splits a line into runs of one style: [column, text, active codes]. */
function runsOf(line, active) {
  const runs = [];
  let column = 0;
  for (const [, codes, text] of line.matchAll(/(?:\u001b\[([\d;]*)m)|([^\u001b]+)/gu)) {
    if (text !== undefined) {
      runs.push([column, text, [...active]]);
      column += [...text].length;
      continue;
    }
    for (const code of (codes || '0').split(';')) {
      for (const off of OFF[code] ?? []) active.delete(off);
      if (STYLES[code] !== undefined) active.add(code);
    }
  }
  return runs;
}

/** A line that was typed. */
export const promptLine = (command) => `\u001b[2m$\u001b[22m \u001b[1m${command}\u001b[22m`;

export function toSvg(prompt, output) {
  const lines = [promptLine(prompt), ...output.trimEnd().split('\n')];
  const longest = Math.max(...lines.map((line) => [...line.replaceAll(SGR, '')].length));
  const width = Math.ceil(Math.max(COLUMNS, longest) * CELL + 2 * PAD);
  const height = BAR + lines.length * LINE + PAD;
  const active = new Set();
  const rows = lines.map((line, index) => {
    const spans = runsOf(line, active)
      .filter(([, text]) => text.trim() !== '')
      .map(([column, text, codes]) => {
        const style = Object.entries(Object.assign({}, ...codes.map((code) => STYLES[code])));
        const lead = text.length - text.trimStart().length;
        const x = (PAD + (column + lead) * CELL).toFixed(1);
        const shown = text.trim();
        const length = ([...shown].length * CELL).toFixed(1);
        const attributes = style.map(([name, value]) => ` ${name}="${value}"`).join('');
        return `<tspan x="${x}" textLength="${length}"${attributes}>${escape(shown)}</tspan>`;
      });
    return `<text y="${BAR + (index + 0.75) * LINE}">${spans.join('')}</text>`;
  });
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, i) => `<circle cx="${PAD + 2 + i * 18}" cy="17" r="5.5" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(prompt)}">
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;white-space:pre}</style>
<rect width="100%" height="100%" rx="9" fill="#0d1117"/>
${dots.join('')}
${rows.join('\n')}
</svg>
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file, ...command] = process.argv.slice(2);
  if (file === undefined || command.length === 0) {
    throw new Error('usage: node scripts/screenshot.mjs OUT.svg COMMAND [ARGUMENT…]');
  }
  writeFileSync(file, toSvg(command.join(' '), onTerminal(command, process.env)));
}
