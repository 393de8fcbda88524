// Results as Markdown, with the table of goals. A cell is "seconds (requests)"; a ratio compares regctl with the best peer.
import { goalRows } from './goals.mjs';

const seconds = (ms) => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`);

/** regctl's median wall time over that of the fastest peer, or undefined without a peer. */
export function ratioOf({ results }) {
  const own = results.find(({ tool }) => tool === 'regctl');
  const times = results.filter(({ tool }) => isPeer(tool)).map(({ wallMs }) => wallMs);
  if (own === undefined || times.length === 0) return undefined;
  return own.wallMs / Math.min(...times);
}

const isOurs = (tool) => /^regctl\b/u.test(tool);
/** A start of the same Node.js with nothing to do. */
const isBare = (tool) => tool.startsWith('node -e 0') || tool === 'empty executable';
const isPeer = (tool) => !isOurs(tool) && !isBare(tool);

/** Every tool of these scenarios, regctl first. */
function toolsOf(measured, wanted) {
  const names = new Set(measured.flatMap(({ results }) => results.map(({ tool }) => tool)));
  return [...names].filter(wanted).toSorted((a, b) => Number(isOurs(b)) - Number(isOurs(a)));
}

function cell(result) {
  if (result === undefined) return '–';
  const requests = result.requests === undefined ? '' : ` (${result.requests})`;
  return `${seconds(result.wallMs)}${requests}`;
}

function table(header, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

const verdict = (met) => (met ? 'met' : '**missed**');

function wallTimes(measured, names) {
  const rows = measured.map((one) => {
    const byTool = new Map(one.results.map((result) => [result.tool, result]));
    const ratio = ratioOf(one);
    return [
      one.title,
      ...names.map((name) => cell(byTool.get(name))),
      ratio?.toFixed(2) ?? '–',
      one.goal === undefined || ratio === undefined
        ? '–'
        : `≤ ${one.goal.toFixed(1)}: ${verdict(ratio <= one.goal)}`,
    ];
  });
  return table(['scenario', ...names, 'ours / best peer', 'goal'], rows);
}

/** regctl on each Node.js beside an empty program of the same, then its peers. */
function startUp(measured) {
  const rows = measured.flatMap(({ title, results }) =>
    results
      .filter(({ tool }) => !isBare(tool))
      .map((result) => {
        const names = [result.tool.replace('regctl', 'node -e 0'), 'empty executable'];
        const bare = isOurs(result.tool)
          ? results.find(({ tool }) => names.includes(tool))
          : undefined;
        const plus = (key) =>
          bare === undefined ? '–' : `+${(result[key] - bare[key]).toFixed(0)} ms`;
        const cpu = result.cpuMs === undefined ? '–' : seconds(result.cpuMs);
        return [title, result.tool, seconds(result.wallMs), plus('wallMs'), cpu, plus('cpuMs')];
      }),
  );
  const over = 'over an empty program';
  return table(['scenario', 'tool', 'wall', over, 'CPU', over], rows);
}

const spread = (ms, range) =>
  range === undefined ? seconds(ms) : `${seconds(ms)} (${range.map(seconds).join(' to ')})`;

function throughput(measured) {
  const rows = measured.flatMap((one) =>
    one.results.map(({ tool, wallMs, wallSpread, cpuMs, cpuSpread, rssMb }) => [
      one.title,
      tool,
      spread(wallMs, wallSpread),
      cpuMs === undefined ? '–' : spread(cpuMs, cpuSpread),
      rssMb === undefined ? '–' : `${rssMb.toFixed(0)} MB`,
    ]),
  );
  return table(['scenario', 'tool', 'wall', 'CPU', 'peak memory'], rows);
}

/** The machine of each run, and what was measured there. */
function runs(measured) {
  const byRun = Map.groupBy(measured, ({ run }) => JSON.stringify(run));
  return [...byRun].map(([key, scenarios]) => {
    const { cpus, cpu, memoryGb, os, nodes, load, date, tools } = JSON.parse(key);
    const versions = tools.map(({ name, version }) => `${name} ${version}`).join(', ');
    const names = scenarios
      .map(({ name, rounds, seconds: took }) => `\`${name}\` (${rounds}, ${took} s)`)
      .join(', ');
    return `- ${names}: ${cpus} × ${cpu}, ${memoryGb} GB, ${os}, Node.js ${nodes.join(', ')}, ${date}, a load of ${load} before the start. ${versions}.`;
  });
}

/** @returns {string} Markdown of everything that was measured in one run */
export function report({ measured, delayMs }) {
  const started = measured.filter(({ startup }) => startup);
  const delayed = measured.filter(({ delayed: one }) => one);
  const rest = measured.filter(({ startup, delayed: one }) => !startup && !one);
  const scenarios = new Map(measured.map((one) => [one.name, one]));
  const ours = toolsOf(measured, isOurs);
  const parts = [
    'Medians; the tools took turns within each round. Seconds are only comparable within a run, and a busy machine makes all of them long: ratios, and CPU time, say more.',
    '## Goals',
    'A dash: not measured yet. A path: measured by that program, with the result in [performance.md](performance.md) or [reliability.md](reliability.md).',
    table(['goal', 'limit', ...ours], goalRows(scenarios, ours)),
  ];
  if (started.length > 0) parts.push('## Start-up', startUp(started));
  if (delayed.length > 0) {
    parts.push(
      `## Behind ${delayMs} ms a request`,
      `Bearer authentication with a password; in brackets the requests of the run, tokens and challenges included. "Cached tokens" runs regctl with its token cache filled, every other row with none; the peers have no such cache. Every tool ran once before, so that regctl has its compiled code (docs/reference/cache.md), as on every machine but the newest.`,
      wallTimes(
        delayed,
        toolsOf(delayed, () => true),
      ),
    );
  }
  if (rest.length > 0) parts.push('## At full speed', throughput(rest));
  const failed = measured
    .filter((one) => one.failed.length > 0)
    .map((one) => `- ${one.title}: ${one.failed.join(', ')}`);
  if (failed.length > 0) parts.push('## Failed', failed.join('\n'));
  parts.push(
    '## Runs',
    `In brackets the rounds and the time they took.\n\n${runs(measured).join('\n')}`,
  );
  return `${parts.join('\n\n')}\n`;
}
