// regctl beside its peers, in turn in one run: node bench/run.mjs [SCENARIO…] (see bench/README.md)
import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GOAL_SCENARIOS } from './lib/goals.mjs';
import { DELAY_MS, startLab } from './lib/lab.mjs';
import { measure, median } from './lib/measure.mjs';
import { findNodes } from './lib/nodes.mjs';
import { picture } from './lib/picture.mjs';
import { report } from './lib/report.mjs';
import { SCENARIOS } from './lib/scenarios.mjs';
import { findTools, versionOf } from './lib/tools.mjs';

const DOCS = join(import.meta.dirname, '../docs');
/** What was measured last of each scenario; a run replaces what it measures. */
const RESULTS = join(import.meta.dirname, 'results.ndjson');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    peers: { type: 'string' },
    nodes: { type: 'string' },
    goals: { type: 'boolean' },
    write: { type: 'boolean' },
    json: { type: 'string' },
    lines: { type: 'boolean' },
    list: { type: 'boolean' },
  },
});
if (values.list) {
  for (const [name, { title }] of Object.entries(SCENARIOS)) console.log(name.padEnd(24), title);
  process.exit();
}

function chosen() {
  const all = Object.entries(SCENARIOS);
  if (positionals.length === 0)
    return all.filter(
      ([name, { onDemand }]) =>
        onDemand !== true && (values.goals !== true || GOAL_SCENARIOS.has(name)),
    );
  return positionals.map((name) => {
    if (SCENARIOS[name] === undefined) throw new Error(`no scenario "${name}"; see --list`);
    return [name, SCENARIOS[name]];
  });
}

async function toolsFor(scenario, all, lab) {
  if (scenario.tools !== undefined) return scenario.tools(lab);
  const able = all.filter((tool) => scenario.job(lab, tool, { id: 'x' }) !== undefined);
  const bare = able.flatMap((tool) => tool.bare ?? []);
  return scenario.startup ? [...able, ...bare] : able;
}

/** `cold`: as on a machine that has never run it. */
function environment(lab, scenario) {
  return scenario.cold ? { ...lab.env, REGCTL_CACHE: 'off' } : lab.env;
}

/** Tokens of the run before count only where they are what is measured. */
async function forget(lab, scenario) {
  if (!scenario.cached) await rm(lab.tokens, { force: true });
}

async function oneRun(lab, scenario, tool, run) {
  const env = environment(lab, scenario);
  await scenario.before?.(lab, run);
  const argv = tool.argv ?? scenario.job(lab, tool, run);
  await forget(lab, scenario);
  lab.near.take();
  lab.far.take();
  const { wallMs, cpuMs, rssMb } = await measure(argv, { env, cwd: lab.dir });
  const lines = [...lab.near.take(), ...lab.far.take()];
  if (values.lines && run.round === 0) console.error([`# ${tool.name}`, ...lines].join('\n'));
  await scenario.after?.(lab, run);
  return { wallMs, cpuMs, rssMb, requests: scenario.delayed ? lines.length : undefined };
}

async function measureScenario(lab, name, scenario, all) {
  const started = Date.now();
  const tools = await toolsFor(scenario, all, lab);
  await scenario.prepare?.(lab);
  const env = environment(lab, scenario);
  for (const tool of tools) {
    const argv = tool.argv === undefined ? scenario.first?.(lab, tool) : undefined;
    if (argv !== undefined) await measure(argv, { env, cwd: lab.dir });
  }
  // Every tool once, untimed: what it reads is then in memory, and regctl's code compiled.
  if (scenario.delayed || scenario.startup) {
    for (const tool of tools) {
      await oneRun(lab, scenario, tool, { id: `${name}-warm`, round: -1 }).catch(() => undefined);
    }
    if (scenario.renew) await scenario.prepare(lab);
  }
  const failures = new Map();
  const runs = new Map(tools.map((tool) => [tool, []]));
  const rounds = Number(values.rounds ?? (scenario.startup ? 15 : 5));
  for (let round = 0; round < rounds; round += 1) {
    if (scenario.renew && round > 0) await scenario.prepare(lab);
    // Another tool begins each round, so that none always has the caches of another.
    const order = tools.map((_tool, at) => tools[(at + round) % tools.length]);
    for (const tool of order) {
      const id = `${name}-${round}-${tool.name.replaceAll(/[^a-z0-9]/gu, '')}`;
      if (failures.has(tool.name)) continue;
      try {
        runs.get(tool).push(await oneRun(lab, scenario, tool, { id, round }));
      } catch (error) {
        failures.set(tool.name, error.message);
        console.error(error.message);
      }
    }
  }
  const finished = tools.filter(({ name: tool }) => !failures.has(tool));
  const failed = [...failures.keys()];
  const results = finished.map((tool) => {
    const of = (key) => median(runs.get(tool).map((run) => run[key]));
    const walls = runs.get(tool).map((run) => run.wallMs);
    const times = runs.get(tool).flatMap((run) => run.cpuMs ?? []);
    return {
      tool: tool.name,
      wallMs: of('wallMs'),
      cpuMs: of('cpuMs'),
      rssMb: of('rssMb'),
      requests: of('requests'),
      wallSpread: [Math.min(...walls), Math.max(...walls)],
      cpuSpread: times.length === 0 ? undefined : [Math.min(...times), Math.max(...times)],
    };
  });
  const { title, goal, startup, delayed } = scenario;
  const took = Math.round((Date.now() - started) / 1000);
  return { name, title, goal, startup, delayed, rounds, failed, results, seconds: took };
}

const started = Date.now();
const wanted = chosen();
const names = values.peers?.split(',');
const nodes = findNodes(values.nodes);
const tools = findTools(nodes).filter(
  ({ name, isOurs }) => isOurs || (names?.includes(name) ?? true),
);
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
  cwd: import.meta.dirname,
  encoding: 'utf8',
}).trim();
const surroundings = {
  cpus: cpus().length,
  cpu: cpus()[0].model,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  os: `${type()} ${release()}`,
  nodes: nodes.map(({ version }) => version),
  load: loadavg()[0].toFixed(1),
  date: new Date(started).toISOString().slice(0, 10),
  tools: tools.map((tool) => {
    const version = versionOf(tool);
    return {
      name: tool.name,
      version: tool.isOurs ? `${version} (${commit})` : version,
    };
  }),
};

/** Keeps what was measured, and writes the pages from all that is kept. */
async function write(now) {
  const lines = (await readFile(RESULTS, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const kept = lines.map((line) => JSON.parse(line));
  const byName = new Map([...kept, now].map((one) => [one.name, one]));
  const all = Object.keys(SCENARIOS).flatMap((name) => byName.get(name) ?? []);
  await writeFile(RESULTS, all.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const head = `# Benchmark\n\nWritten by \`node bench/run.mjs --write\`; \`bench/README.md\` says how and against what.\n\n![Wall time of regctl as a share of the fastest peer's](bench.svg)\n\n`;
  await writeFile(join(DOCS, 'bench.md'), head + report({ measured: all, delayMs: DELAY_MS }));
  await writeFile(join(DOCS, 'bench.svg'), picture(all));
}

const measured = [];
const lab = await startLab();
try {
  for (const [name, scenario] of wanted) {
    const one = { ...(await measureScenario(lab, name, scenario, tools)), run: surroundings };
    console.error(`${name}: ${one.seconds} s`);
    measured.push(one);
    // After each: a run that is ended keeps what it has.
    if (values.write) await write(one);
  }
} finally {
  await lab.stop();
}
console.log(report({ measured, delayMs: DELAY_MS }));
console.error(`in ${Math.round((Date.now() - started) / 1000)} s`);
if (values.json !== undefined) {
  await writeFile(values.json, `${JSON.stringify({ surroundings, measured }, null, 2)}\n`);
}
