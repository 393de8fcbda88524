// Draws docs/images/session.svg, the picture of the README, from a session with the embedded
// registry: node scripts/session-picture.mjs, after `npm run build`. Needs util-linux `script`.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { visibleLines, withRegistry } from './picture-registry.mjs';
import { makeSampleImage } from './sample-image.mjs';
import { promptLine, toSvg } from './screenshot.mjs';

const ROOT = join(import.meta.dirname, '..');
const FILE = join(ROOT, 'docs/images/session.svg');
const WIDTH = 80;

/** A copy that is under way, as the program draws it: three layers after three seconds. */
async function progressFrame() {
  const [{ createProgressState }, { activeRows, totalLine }] = await Promise.all(
    ['state', 'text'].map((name) => import(join(ROOT, `dist/cli/progress/${name}.js`))),
  );
  let now = new Date(0);
  const state = createProgressState(() => now);
  const layers = [30_600_000, 9_400_000, 3_100_000].map((size, i) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    digest: `sha256:${createHash('sha256').update(`layer ${i}`).digest('hex')}`,
    size,
  }));
  for (const descriptor of layers) state.apply({ type: 'found', descriptor });
  for (const descriptor of layers) state.apply({ type: 'start', descriptor });
  now = new Date(3000);
  for (const [i, done] of [12_900_000, 7_600_000, 3_100_000].entries())
    state.apply({ type: 'bytes', descriptor: layers[i], done });
  state.apply({ type: 'end', descriptor: layers[2], outcome: 'written' });
  const rows = activeRows(state, now, WIDTH).trimEnd();
  return `${rows}\n\u001b[36m⠹\u001b[39m ${totalLine(state)}\n`;
}

/** The picture as SVG. Only the time that the copy took differs from run to run. */
export function drawSession() {
  return withRegistry(async ({ dir, host, run }) => {
    await makeSampleImage(join(dir, 'hello'), '1.0');
    const copied = run('copy', 'oci:hello:1.0', `${host}/team/hello:1.0`);
    const steps = [
      ['regctl copy nginx:1.27 registry.example.com/base/nginx:1.27', await progressFrame()],
      [copied[0], visibleLines(copied[1]).slice(-2).join('\n')],
      run('tag', `${host}/team/hello:1.0`, 'stable'),
      run('delete', '--yes', `${host}/team/hello:stable`),
    ];
    const [[first, output], ...others] = steps;
    const rest = others.map(([prompt, text]) => `\n${promptLine(prompt)}\n${text}`);
    return toSvg(first, [output.trimEnd(), ...rest].join('\n'));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(FILE, await drawSession());
}
