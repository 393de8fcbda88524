// Results as Markdown. A cell is "seconds (requests)"; a ratio compares regctl with the best peer.
const seconds = (ms) => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`);

/** regctl's median wall time over that of the fastest peer, or undefined without a peer. */
export function ratioOf({ results }) {
  const [own, ...peers] = results;
  const times = peers.filter(({ tool }) => tool !== 'node -e 0').map(({ wallMs }) => wallMs);
  if (own?.tool !== 'regctl' || times.length === 0) return undefined;
  return own.wallMs / Math.min(...times);
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

function startUp(measured, names) {
  const rows = measured.map((one) => {
    const byTool = new Map(one.results.map((result) => [result.tool, result]));
    const plus = byTool.get('regctl').wallMs - byTool.get('node -e 0').wallMs;
    const goal =
      one.plusMs === undefined ? '–' : `≤ +${one.plusMs} ms: ${verdict(plus <= one.plusMs)}`;
    return [one.title, ...names.map((n) => cell(byTool.get(n))), `+${plus.toFixed(0)} ms`, goal];
  });
  return table(['start-up', ...names, 'over bare node', 'goal'], rows);
}

function throughput(measured) {
  const rows = measured.flatMap((one) =>
    one.results.map(({ tool, wallMs, cpuMs, rssMb }) => [
      one.title,
      tool,
      seconds(wallMs),
      cpuMs === undefined ? '–' : seconds(cpuMs),
      rssMb === undefined ? '–' : `${rssMb.toFixed(0)} MB`,
    ]),
  );
  return table(['scenario', 'tool', 'wall', 'CPU', 'peak memory'], rows);
}

function resourceGoals(measured) {
  return measured.flatMap(({ title, results, goalCpu, goalRssMb }) => {
    const own = results.find(({ tool }) => tool === 'regctl');
    const peer = results.find(({ tool }) => tool === goalCpu?.peer);
    const lines = [];
    if (peer?.cpuMs !== undefined) {
      const ratio = own.cpuMs / peer.cpuMs;
      const met = verdict(ratio <= goalCpu.ratio);
      lines.push(
        `- ${title}: CPU ${ratio.toFixed(2)} of ${peer.tool}'s, goal ≤ ${goalCpu.ratio}: ${met}`,
      );
    }
    if (goalRssMb !== undefined && own?.rssMb !== undefined) {
      const met = verdict(own.rssMb <= goalRssMb);
      lines.push(
        `- ${title}: peak memory ${own.rssMb.toFixed(0)} MB, goal ≤ ${goalRssMb} MB: ${met}`,
      );
    }
    return lines;
  });
}

/** @returns {string} Markdown of everything that was measured in one run */
export function report({ measured, surroundings, delayMs }) {
  const tools = surroundings.tools.map(({ name }) => name);
  const started = measured.filter(({ startup }) => startup);
  const delayed = measured.filter(({ delayed: one }) => one);
  const rest = measured.filter(({ startup, delayed: one }) => !startup && !one);
  const versions = surroundings.tools.map(({ name, version }) => `${name} ${version}`).join(', ');
  const parts = [
    `Ran on ${surroundings.cpus} × ${surroundings.cpu}, ${surroundings.memoryGb} GB, ${surroundings.os}, Node ${surroundings.node}, ${surroundings.date}, in ${surroundings.took}. ${versions}. Medians; the tools took turns within each round. Seconds are only comparable within this run.`,
  ];
  if (started.length > 0) parts.push('## Start-up', startUp(started, ['node -e 0', ...tools]));
  if (delayed.length > 0) {
    parts.push(
      `## Behind ${delayMs} ms a request`,
      `Bearer authentication with a password; in brackets the requests of the run, tokens and challenges included. "Cached tokens" runs regctl with its token cache filled, every other row with none; the peers have no such cache. Every tool ran once before, so that regctl has its compiled code (docs/reference/cache.md), as on every machine but the newest.`,
      wallTimes(delayed, tools),
    );
  }
  if (rest.length > 0) {
    parts.push(
      '## At full speed',
      wallTimes(rest, tools),
      throughput(rest),
      resourceGoals(rest).join('\n'),
    );
  }
  const failed = measured
    .filter((one) => one.failed.length > 0)
    .map((one) => `- ${one.title}: ${one.failed.join(', ')}`);
  if (failed.length > 0) parts.push('## Failed', failed.join('\n'));
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}
