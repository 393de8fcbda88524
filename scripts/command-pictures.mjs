// Draws docs/images/{tags,prune,sync,referrers}.svg from runs against the embedded registry:
// node scripts/command-pictures.mjs, after `npm run build`. Needs util-linux `script`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { visibleLines, withRegistry } from './picture-registry.mjs';
import { makeSampleImage } from './sample-image.mjs';
import { toSvg } from './screenshot.mjs';

const IMAGES = join(import.meta.dirname, '../docs/images');
const DATES = { 1.1: '2025-06-01', 1.2: '2025-09-01', 1.3: '2026-01-01' };

/** Pictures by name, as SVG. Digests and ages differ from run to run. */
export function drawCommands() {
  return withRegistry(async ({ dir, host, run }) => {
    const app = `${host}/team/hello`;
    for (const [tag, date] of Object.entries(DATES)) {
      await makeSampleImage(join(dir, tag), tag, `${date}T00:00:00Z`);
      run('copy', `oci:${tag}:${tag}`, `${app}:${tag}`);
    }
    run('tag', `${app}:1.3`, 'latest');
    writeFileSync(join(dir, 'sbom.json'), '{"spdxVersion":"SPDX-2.3"}');
    writeFileSync(join(dir, 'scan.json'), '{"version":"2.1.0","runs":[]}');
    run('key', 'generate');
    run('sign', '--key', 'cosign.key', `${app}:1.3`);
    run('attach', '--type', 'application/spdx+json', `${app}:1.3`, 'sbom.json');
    run('attach', '--type', 'application/sarif+json', `${app}:1.3`, 'scan.json');
    const lines = {
      tags: ['tags', '--long', '--sort', 'version', app],
      prune: ['prune', app, '--keep', '2', '--keep-tag', 'latest'],
      sync: ['sync', app, `${host}/mirror/`],
      referrers: ['referrers', `${app}:1.3`],
    };
    return Object.entries(lines).map(([name, words]) => {
      const [line, output] = run(...words);
      return [name, toSvg(line, visibleLines(output).join('\n'))];
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, svg] of await drawCommands()) writeFileSync(join(IMAGES, `${name}.svg`), svg);
}
