// The goals, each with the figure of the run that it is read off. `value` gets the scenarios by
// name and the name of regctl on one version of Node.js; undefined: not measured.
const VERIFY = ['crane', 'regclient', 'skopeo'];

const figure = (scenarios, scenario, tool, key) =>
  scenarios.get(scenario)?.results.find((result) => result.tool === tool)?.[key];

/** The figure of regctl over the lowest of these peers. */
const ratio = (scenario, key, peers) => ({
  scenario,
  value: (scenarios, tool) => {
    const ours = figure(scenarios, scenario, tool, key);
    const theirs = peers
      .map((peer) => figure(scenarios, scenario, peer, key))
      .filter((one) => one > 0);
    return ours === undefined || theirs.length === 0 ? undefined : ours / Math.min(...theirs);
  },
});

const own = (scenario, key) => ({
  scenario,
  value: (scenarios, tool) => figure(scenarios, scenario, tool, key),
});

/** CPU time over an empty program of the same Node.js. */
const overBare = (scenario, bareOf = (tool) => tool.replace('regctl', 'node -e 0')) => ({
  scenario,
  value: (scenarios, tool) => {
    const bare = figure(scenarios, scenario, bareOf(tool), 'cpuMs');
    const ours = figure(scenarios, scenario, tool, 'cpuMs');
    return bare === undefined || ours === undefined ? undefined : ours - bare;
  },
});

const ALL = [...VERIFY, 'oras'];

/** `unit`: none for a ratio. `by`: measured by another program, in performance.md or reliability.md. */
export const GOALS = [
  { goal: '1 GiB, plain HTTP: CPU of crane', most: 1.1, ...ratio('full', 'cpuMs', ['crane']) },
  {
    goal: '1 GiB, plain HTTP: wall of the best that verifies',
    most: 1.05,
    ...ratio('full', 'wallMs', VERIFY),
  },
  { goal: '1 GiB, TLS: CPU of crane', most: 1.3, ...ratio('full-tls', 'cpuMs', ['crane']) },
  {
    goal: '1 GiB, TLS: wall of the best that verifies',
    most: 1.1,
    ...ratio('full-tls', 'wallMs', VERIFY),
  },
  { goal: '1 GiB, TLS: wall of oras', most: 1.2, ...ratio('full-tls', 'wallMs', ['oras']) },
  { goal: '1 GiB, plain HTTP: memory', most: 100, unit: 'MB', ...own('full', 'rssMb') },
  { goal: '1 GiB, TLS: memory', most: 100, unit: 'MB', ...own('full-tls', 'rssMb') },
  { goal: '10 GiB, plain HTTP: memory', most: 100, unit: 'MB', ...own('huge', 'rssMb') },
  {
    goal: '`tags`, local registry, warm: CPU over `node -e 0`',
    most: 25,
    unit: 'ms',
    ...overBare('tags-local'),
  },
  {
    goal: '`tags`, local registry, every cache empty: CPU over `node -e 0`',
    most: 40,
    unit: 'ms',
    ...overBare('tags-first'),
  },
  {
    goal: '`tags` at 30 ms, empty caches: wall of crane',
    most: 1.6,
    ...ratio('tags', 'wallMs', ['crane']),
  },
  {
    goal: '`inspect` at 30 ms, empty caches: wall of crane',
    most: 1.6,
    ...ratio('inspect', 'wallMs', ['crane']),
  },
  {
    goal: '`digest` at 30 ms, empty caches: wall of crane',
    most: 1.6,
    ...ratio('digest', 'wallMs', ['crane']),
  },
  {
    goal: '`delete` by digest at 30 ms, empty caches: wall of crane',
    most: 1.6,
    ...ratio('delete', 'wallMs', ['crane']),
  },
  {
    goal: 'Standalone program, `--version`: CPU over an empty single executable',
    most: 10,
    unit: 'ms',
    ...overBare('standalone-version', () => 'empty executable'),
  },
  {
    goal: 'Registry → layout: wall of skopeo, which syncs',
    most: 1.2,
    ...ratio('to-layout', 'wallMs', ['skopeo']),
  },
  {
    goal: 'Registry → OCI archive: wall of skopeo',
    most: 1.2,
    ...ratio('archive', 'wallMs', ['skopeo']),
  },
  {
    goal: 'Registry → layout, `--no-sync`: wall of crane',
    most: 1.2,
    ...ratio('to-layout-no-sync', 'wallMs', ['crane']),
  },
  {
    goal: 'Layout → registry: wall of crane',
    most: 1.1,
    ...ratio('from-layout', 'wallMs', ['crane']),
  },
  {
    goal: 'One layer of 64 MiB, fresh: wall of crane',
    most: 0.9,
    ...ratio('layer', 'wallMs', ['crane']),
  },
  {
    goal: '20 tags, fresh: wall of the best peer',
    most: 0.75,
    ...ratio('repository', 'wallMs', ALL),
  },
  { goal: 'Sync of 200 × 20 with nothing to do: wall of regsync', most: 0.5, by: 'bench/sync.mjs' },
  { goal: '5,000 tags, `--long`: memory', most: 120, unit: 'MB', by: 'test/load' },
  { goal: '`serve`, 1 GiB pushed: CPU of distribution v3', most: 1.2, by: 'bench/serve.mjs' },
  {
    goal: '`serve`, 32 pushes at once: wall of the best server',
    most: 1.05,
    by: 'bench/serve.mjs',
  },
  { goal: '`serve`, 1 GiB pushed: memory', most: 110, unit: 'MB', by: 'bench/serve.mjs' },
];

/** The scenarios that goals are read off. */
export const GOAL_SCENARIOS = new Set(GOALS.flatMap(({ scenario }) => scenario ?? []));

/** @returns {string[][]} a row for each goal: its text, its limit, a cell for each `tool` */
export function goalRows(scenarios, tools) {
  return GOALS.map(({ goal, most, unit, value, by }) => {
    const text = (amount) =>
      unit === undefined ? amount.toFixed(2) : `${amount.toFixed(0)} ${unit}`;
    const cells = tools.map((tool) => {
      if (by !== undefined) return `\`${by}\``;
      const amount = value(scenarios, tool);
      if (amount === undefined) return '–';
      return `${text(amount)}: ${amount <= most ? 'met' : '**missed**'}`;
    });
    return [goal, `≤ ${unit === undefined ? most : text(most)}`, ...cells];
  });
}
