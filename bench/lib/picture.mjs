// The ratios as an SVG bar chart: one bar a scenario, left of the line is faster than the best peer.
import { ratioOf } from './report.mjs';

const WIDTH = 820;
const LEFT = 300;
const RIGHT = 60;
const ROW = 26;
const TOP = 64;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');

export function picture(measured) {
  const bars = measured
    .filter(({ startup }) => !startup)
    .map((one) => ({ title: one.title, goal: one.goal, ratio: ratioOf(one) }))
    .filter(({ ratio }) => ratio !== undefined);
  const longest = Math.max(1.2, ...bars.map(({ ratio }) => ratio));
  const x = (ratio) => LEFT + (ratio / longest) * (WIDTH - LEFT - RIGHT);
  const height = TOP + bars.length * ROW + 24;
  const rows = bars.map(({ title, goal, ratio }, index) => {
    const y = TOP + index * ROW;
    const colour = ratio <= (goal ?? 1) ? '#2da44e' : ratio <= 1 ? '#bf8700' : '#cf222e';
    return [
      `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end">${escape(title)}</text>`,
      `<rect x="${LEFT}" y="${y + 3}" width="${(x(ratio) - LEFT).toFixed(1)}" height="${ROW - 9}" rx="2" fill="${colour}"/>`,
      `<text x="${(x(ratio) + 6).toFixed(1)}" y="${y + 15}">${ratio.toFixed(2)}</text>`,
      ...(goal === undefined
        ? []
        : [
            `<line x1="${x(goal).toFixed(1)}" x2="${x(goal).toFixed(1)}" y1="${y + 1}" y2="${y + ROW - 4}" stroke="#57606a" stroke-width="2"/>`,
          ]),
    ].join('\n');
  });
  const last = measured.at(-1).run;
  const peers = last.tools
    .filter(({ name }) => !name.startsWith('regctl'))
    .map(({ name, version }) => `${name} ${version}`)
    .join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="regctl's wall time as a share of the fastest peer's">
<style>text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-size:15px;font-weight:600}.s{fill:#57606a}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="t" x="16" y="24">Wall time of regctl as a share of the fastest peer's</text>
<text class="s" x="16" y="42">Shorter is faster. Dark mark: the goal. Dashed: as fast as the best of ${escape(peers)}.</text>
<line x1="${x(1).toFixed(1)}" x2="${x(1).toFixed(1)}" y1="${TOP - 6}" y2="${height - 20}" stroke="#57606a" stroke-dasharray="4 3"/>
${rows.join('\n')}
<text class="s" x="16" y="${height - 8}">${escape(`${last.cpus} × ${last.cpu}, Node.js ${last.nodes[0]}, ${last.date}`)}</text>
</svg>
`;
}
