import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** A file imports only from its own folder or from a lower floor (docs/architecture.md). */
const FLOOR: Readonly<Record<string, number>> = {
  errors: 0,
  util: 0,
  oci: 1,
  reference: 2,
  store: 2,
  config: 3,
  auth: 4,
  http: 5,
  registry: 6,
  transports: 7,
  image: 8,
  copy: 8,
  commands: 9,
  cli: 10,
};

/** The embedded registry never imports the client that it tests. */
const SERVER_MAY_IMPORT = new Set(['errors', 'util', 'oci', 'reference', 'store']);

/** Packages that only one place may import. */
const PACKAGE_HOME: Readonly<Record<string, string>> = {
  commander: 'cli/program.ts',
  chalk: 'cli/',
  ora: 'cli/',
  undici: 'http/',
  keytar: 'auth/keychain.ts',
  bcryptjs: 'server/htpasswd.ts',
  'tar-stream': 'transports/tar/codec.ts',
  'smol-toml': 'config/registries-conf.ts',
  '@bokuweb': 'util/compression/',
  fzstd: 'util/compression/',
};

/** Packages that must never be loaded by a static import, so that start-up stays short. */
const LAZY = new Set([
  'chalk',
  'ora',
  'undici',
  'keytar',
  'tldts',
  'semver',
  'bcryptjs',
  'tar-stream',
  'smol-toml',
  '@bokuweb',
  'fzstd',
]);

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(
    /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)';?$/gmu,
  )) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined, dynamic: false });
  }
  for (const match of text.matchAll(/(typeof\s+)?\bimport\(\s*'([^']+)'\s*\)/gu)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined, dynamic: true });
  }
  return found;
}

const files = filesBelow(SRC);
const name = (file: string): string => relative(SRC, file).replaceAll('\\', '/');
const roomOf = (file: string): string => name(file).split('/')[0] ?? '';
const targetOf = (file: string, specifier: string): string => resolve(dirname(file), specifier);

describe('the house', () => {
  it('is not empty', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it('has a floor for every room', () => {
    const rooms = new Set(files.map(roomOf).filter((room) => !room.endsWith('.ts')));
    rooms.delete('server');
    expect([...rooms].filter((room) => FLOOR[room] === undefined)).toEqual([]);
  });

  it('imports from its own folder or a lower floor only', () => {
    const broken: string[] = [];
    for (const file of files) {
      const room = roomOf(file);
      if (room.endsWith('.ts')) continue;
      for (const { specifier } of importsOf(file)) {
        if (!specifier.startsWith('.')) continue;
        const target = roomOf(targetOf(file, specifier));
        if (target === room) continue;
        const allowed =
          room === 'server'
            ? SERVER_MAY_IMPORT.has(target)
            : target === 'server'
              ? room === 'commands' || room === 'cli'
              : (FLOOR[target] ?? Infinity) < (FLOOR[room] ?? -1);
        if (!allowed) broken.push(`${name(file)} → ${name(targetOf(file, specifier))}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('has no circle of imports', () => {
    const graph = new Map<string, string[]>();
    for (const file of files) {
      const edges = importsOf(file)
        .filter((one) => one.specifier.startsWith('.') && !one.typeOnly && !one.dynamic)
        .map((one) => targetOf(file, one.specifier));
      graph.set(file, edges);
    }
    expect(firstCircle(graph).map(name)).toEqual([]);
  });

  it('keeps each package in its one place, loaded lazily', () => {
    const broken: string[] = [];
    for (const file of files) {
      for (const { specifier, typeOnly, dynamic } of importsOf(file)) {
        const pkg = specifier.split('/')[0] ?? '';
        const home = PACKAGE_HOME[pkg];
        if (home !== undefined && !name(file).startsWith(home)) {
          broken.push(`${name(file)} imports ${specifier}: only ${home} may`);
        }
        if (LAZY.has(pkg) && !typeOnly && !dynamic) {
          broken.push(`${name(file)} imports ${specifier} statically`);
        }
      }
    }
    expect(broken).toEqual([]);
  });

  it('re-exports in src/index.ts alone and has no default exports', () => {
    const broken = files
      .filter((file) => name(file) !== 'index.ts')
      .filter((file) => {
        const text = readFileSync(file, 'utf8');
        return (
          /^export default/mu.test(text) || /^export (?:type )?(?:\*|\{[^}]*\}) .*from/mu.test(text)
        );
      });
    expect(broken.map(name)).toEqual([]);
  });
});

/** The files of the first circle found, in order; empty when there is none. */
function firstCircle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (file: string, chain: readonly string[]): string[] => {
    const at = chain.indexOf(file);
    if (at >= 0) return [...chain.slice(at), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const circle = walk(next, [...chain, file]);
      if (circle.length > 0) return circle;
    }
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const circle = walk(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
