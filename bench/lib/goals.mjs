// The goals, each with the figure of the run that it is read off. `value` gets the scenarios by
// name and the name of regctl on one version of Node.js; undefined: not measured.
const VERIFY = ['crane', 'regclient', 'skopeo'];

const figure = (scenarios, scenario, tool, key) =>
  scenarios.get(scenario)?.results.find((result) => result.tool === tool)?.[key];

/** The figure of regctl over the lowest of these peers. */
const ratio = (scenario, key, peers) => (scenarios, tool) => {
  const ours = figure(scenarios, scenario, tool, key);
  const theirs = peers
    .map((peer) => figure(scenarios, scenario, peer, key))
    .filter((one) => one > 0);
  return ours === undefined || theirs.length === 0 ? undefined : ours / Math.min(...theirs);
};

const own = (scenario, key) => (scenarios, tool) => figure(scenarios, scenario, tool, key);

/** CPU time over `node -e 0` of the same Node.js. */
const overBare = (scenario) => (scenarios, tool) => {
  const bare = figure(scenarios, scenario, tool.replace('regctl', 'node -e 0'), 'cpuMs');
  const ours = figure(scenarios, scenario, tool, 'cpuMs');
  return bare === undefined || ours === undefined ? undefined : ours - bare;
};

const ALL = [...VERIFY, 'oras'];

/** `unit`: none for a ratio. `by`: measured by another program, in performance.md or reliability.md. */
export const GOALS = [
  { goal: '1 GiB, plain HTTP: CPU of crane', most: 1.1, value: ratio('full', 'cpuMs', ['crane']) },
  {
    goal: '1 GiB, plain HTTP: wall of the best that verifies',
    most: 1.05,
    value: ratio('full', 'wallMs', VERIFY),
  },
  { goal: '1 GiB, TLS: CPU of crane', most: 1.3, value: ratio('full-tls', 'cpuMs', ['crane']) },
  {
    goal: '1 GiB, TLS: wall of the best that verifies',
    most: 1.1,
    value: ratio('full-tls', 'wallMs', VERIFY),
  },
  { goal: '1 GiB, TLS: wall of oras', most: 1.2, value: ratio('full-tls', 'wallMs', ['oras']) },
  { goal: '1 GiB, plain HTTP: memory', most: 100, unit: 'MB', value: own('full', 'rssMb') },
  { goal: '1 GiB, TLS: memory', most: 100, unit: 'MB', value: own('full-tls', 'rssMb') },
  { goal: '10 GiB, plain HTTP: memory', most: 100, unit: 'MB', value: own('huge', 'rssMb') },
  {
    goal: '`tags`, local registry, warm: CPU over `node -e 0`',
    most: 25,
    unit: 'ms',
    value: overBare('tags-local'),
  },
  {
    goal: '`tags`, local registry, every cache empty: CPU over `node -e 0`',
    most: 40,
    unit: 'ms',
    value: overBare('tags-first'),
  },
  {
    goal: '`tags` at 30 ms, empty caches: wall of crane',
    most: 1.6,
    value: ratio('tags', 'wallMs', ['crane']),
  },
  {
    goal: '`inspect` at 30 ms, empty caches: wall of crane',
    most: 1.6,
    value: ratio('inspect', 'wallMs', ['crane']),
  },
  {
    goal: '`digest` at 30 ms, empty caches: wall of crane',
    most: 1.6,
    value: ratio('digest', 'wallMs', ['crane']),
  },
  {
    goal: '`delete` by digest at 30 ms, empty caches: wall of crane',
    most: 1.6,
    value: ratio('delete', 'wallMs', ['crane']),
  },
  {
    goal: 'Standalone program, `--version`: over an empty single executable',
    most: 10,
    unit: 'ms',
    value: own('standalone-version', 'plusMs'),
  },
  {
    goal: 'Registry → layout: wall of skopeo, which syncs',
    most: 1.2,
    value: ratio('to-layout', 'wallMs', ['skopeo']),
  },
  {
    goal: 'Registry → OCI archive: wall of skopeo',
    most: 1.2,
    value: ratio('archive', 'wallMs', ['skopeo']),
  },
  {
    goal: 'Registry → layout, `--no-sync`: wall of crane',
    most: 1.2,
    value: ratio('to-layout-no-sync', 'wallMs', ['crane']),
  },
  {
    goal: 'Layout → registry: wall of crane',
    most: 1.1,
    value: ratio('from-layout', 'wallMs', ['crane']),
  },
  {
    goal: 'One layer of 64 MiB, fresh: wall of crane',
    most: 0.9,
    value: ratio('layer', 'wallMs', ['crane']),
  },
  {
    goal: '20 tags, fresh: wall of the best peer',
    most: 0.75,
    value: ratio('repository', 'wallMs', ALL),
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
