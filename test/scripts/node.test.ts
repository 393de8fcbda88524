import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { satisfies } from 'semver';
import { describe, expect, it, vi } from 'vitest';
import { fetchNode, isSupported } from '../../scripts/node.mjs';

const ROOT = join(import.meta.dirname, '../..');
const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string };
};
const MAJORS = [14, 18, 20, 21, 22, 23, 24, 25, 26, 27, 30];
const VERSIONS = MAJORS.flatMap((major) =>
  [0, 14, 15, 16, 21, 22, 23].flatMap((minor) =>
    [0, 1, 2, 3].map((patch) => `${major}.${minor}.${patch}`),
  ),
);
const expected = VERSIONS.filter((version) => satisfies(version, engines.node));

describe('the versions of Node that are allowed', () => {
  it('are read from engines as npm reads them', () => {
    expect(VERSIONS.filter((version) => isSupported(version))).toEqual(expected);
  });

  it.each(['regctl.js'])('are checked by bin/%s', (program) => {
    const source = readFileSync(join(ROOT, 'bin', program), 'utf8');
    const check = /^const \[major[^]*?;\n(?=if \(isSupported\))/mu.exec(source)?.[0] ?? '';
    const allows = (node: string): unknown =>
      runInNewContext(`${check} isSupported`, { process: { versions: { node } } });
    expect(VERSIONS.filter(allows)).toEqual(expected);
  });

  it('are checked by the library before it loads anything else', () => {
    const source = readFileSync(join(ROOT, 'src/node-version.ts'), 'utf8');
    const check =
      /^const \[major[^]*?;\n(?=(?:\/\/.*\n)?if \(!isSupported\))/mu.exec(source)?.[0] ?? '';
    const allows = (node: string): unknown =>
      runInNewContext(`${check} isSupported`, { process: { versions: { node } } });
    expect(VERSIONS.filter(allows)).toEqual(expected);
    for (const entry of ['index', 'client', 'reference']) {
      const text = readFileSync(join(ROOT, `src/${entry}.ts`), 'utf8');
      expect(/^(?:import|export) .*$/mu.exec(text)?.[0]).toBe(
        "export { REQUIRED_NODE } from './node-version.ts';",
      );
    }
  });

  it('include every one that a clone fetches', () => {
    const text = readFileSync(join(ROOT, 'scripts/node-versions.json'), 'utf8');
    const platforms = JSON.parse(text) as Record<
      string,
      { readonly lines: Record<string, { readonly version: string; readonly integrity: string }> }
    >;
    for (const { lines } of Object.values(platforms)) {
      for (const [line, { version, integrity }] of Object.entries(lines)) {
        expect(version.split('.')[0]).toBe(line);
        expect(satisfies(version, engines.node), version).toBe(true);
        expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/u);
      }
    }
  });
});

it.runIf(process.platform === 'linux')(
  'a Node that cannot be kept is an error, where recursive mkdir never ends',
  async () => {
    vi.stubEnv('XDG_CACHE_HOME', '/proc/none');
    try {
      await expect(fetchNode(24)).rejects.toThrow(
        /^\/proc\/none cannot be made \(ENOENT\): set XDG/u,
      );
    } finally {
      vi.unstubAllEnvs();
    }
  },
);
