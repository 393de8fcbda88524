import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The version in package.json; a constant, so that `--version` reads no file. */
export const VERSION = '0.1.0';

/** The day of that version, for the manual. */
export const RELEASED = '2026-11-29';

/** Sent with every request. */
export const USER_AGENT = `regctl/${VERSION}`;

/** What runs the program. */
export interface Runtime {
  readonly node: string;
  readonly openssl: string;
  readonly platform: string;
  readonly arch: string;
  /** The directory of the package, or the file of a single executable. */
  readonly path: string;
  readonly isExecutable: boolean;
}

export interface Installed {
  /** How it was installed, as far as the path shows. */
  readonly kind: 'executable' | 'npx' | 'pnpm' | 'yarn' | 'npm' | 'clone' | 'directory';
  readonly path: string;
  /** The command that installs the newest version; undefined if regctl cannot know it. */
  readonly update: string | undefined;
}

const UPDATES: Readonly<Partial<Record<Installed['kind'], string>>> = {
  npx: 'npx @regctl/cli@latest',
  pnpm: 'pnpm add -g @regctl/cli',
  yarn: 'yarn global add @regctl/cli',
  npm: 'npm install -g @regctl/cli',
  clone: 'git pull',
};

/** Finds out from the path where the program was installed from. */
export function installedFrom(
  { path, isExecutable }: Pick<Runtime, 'path' | 'isExecutable'>,
  exists: (path: string) => boolean = existsSync,
): Installed {
  const kind = isExecutable ? 'executable' : kindOf(path.replaceAll('\\', '/'), exists);
  return { kind, path, update: UPDATES[kind] };
}

function kindOf(path: string, exists: (path: string) => boolean): Installed['kind'] {
  if (path.includes('/_npx/')) return 'npx';
  if (/\/(?:\.pnpm|pnpm)\//u.test(path)) return 'pnpm';
  if (/\/\.?yarn\//u.test(path)) return 'yarn';
  if (path.includes('/node_modules/')) return 'npm';
  return exists(join(path, '.git')) ? 'clone' : 'directory';
}

/** The versions of program, Node.js and OpenSSL, the platform, and where it was installed from. */
export function versionText(runtime: Runtime): string {
  const { node, openssl, platform, arch } = runtime;
  const { kind, path } = installedFrom(runtime);
  return [
    `regctl ${VERSION}`,
    `Node.js ${node}, OpenSSL ${openssl}, ${platform}/${arch}`,
    `${kind}: ${path}`,
  ].join('\n');
}
