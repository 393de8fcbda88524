import { AppError } from '../errors/app-error.ts';
import { sanitize } from '../errors/sanitize.ts';

/** `architecture` and `os` use Go's names (image-spec v1.1.1 image-index.md "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/**
 * Parses `OS/ARCH[/VARIANT][:OSVERSION]` (crane's form); the version also in the forms of
 * containerd (`OS(OSVERSION)/ARCH`) and regclient (`OS/ARCH,osver=OSVERSION`).
 * @throws AppError INVALID_PLATFORM
 * @example
 * import { parsePlatform } from '@regctl/cli/oci';
 *
 * console.log(parsePlatform('linux/arm64').architecture); // arm64
 */
export function parsePlatform(text: string): Platform {
  const match =
    /^(?<os>[\w.-]+)(?:\((?<inner>[\w.-]+)\))?\/(?<architecture>[\w.-]+)(?:\/(?<variant>[\w.-]+))?(?::(?<outer>[\w.-]+)|,osver=(?<named>[\w.-]+))?$/.exec(
      text,
    );
  const { os, architecture, variant, inner, outer, named } = match?.groups ?? {};
  const versions = [inner, outer, named].filter((version) => version !== undefined);
  if (os === undefined || architecture === undefined || versions.length > 1) {
    throw new AppError(
      'INVALID_PLATFORM',
      `invalid platform "${sanitize(text.slice(0, 200))}": expected OS/ARCH[/VARIANT][:OSVERSION]`,
      {
        hint: 'For example linux/amd64, linux/arm/v7 or windows/amd64:10.0.20348.',
      },
    );
  }
  const [version = ''] = versions;
  return normalize({ os, architecture, variant: variant ?? '', 'os.version': version });
}

/**
 * Parses one or more comma-separated platforms, without duplicates; regclient's `,osver=` belongs
 * to the platform before it.
 * @throws AppError INVALID_PLATFORM
 * @example
 * import { parsePlatforms } from '@regctl/cli/oci';
 *
 * console.log(parsePlatforms('linux/amd64,linux/arm64').length); // 2
 */
export function parsePlatforms(text: string): readonly Platform[] {
  const parts = text
    .split(/,(?!\s*osver=)/u)
    .map((one) => one.trim())
    .filter((one) => one !== '');
  const all = (parts.length === 0 ? [text] : parts).map(parsePlatform);
  return [...new Map(all.map((one) => [formatPlatform(one), one])).values()];
}

/**
 * `OS/ARCH[/VARIANT][:OSVERSION]`, which `parsePlatform` reads.
 * @example
 * import { formatPlatform } from '@regctl/cli/oci';
 *
 * console.log(formatPlatform({ os: 'linux', architecture: 'arm', variant: 'v7' })); // linux/arm/v7
 */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant = '', 'os.version': version = '' } = platform;
  const parts = [os, architecture, ...(variant === '' ? [] : [variant])];
  return `${parts.join('/')}${version === '' ? '' : `:${version}`}`;
}

const ARCHITECTURE_ALIAS: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  i386: { architecture: '386' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

/** Variants that the architecture implies; they are omitted. */
const IMPLIED_VARIANT: Readonly<Record<string, string>> = { arm64: 'v8', amd64: 'v1' };

/**
 * Converts to lower case, resolves common aliases, writes "7" as "v7", and drops implied variants
 * and empty members.
 */
export function normalize(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const name = platform.architecture.toLowerCase();
  const alias = Object.hasOwn(ARCHITECTURE_ALIAS, name) ? ARCHITECTURE_ALIAS[name] : undefined;
  const architecture = alias?.architecture ?? name;
  const own = platform.variant ?? '';
  const given = (own === '' ? (alias?.variant ?? '') : own)
    .toLowerCase()
    .replace(/^(?=[0-9])/, 'v');
  const variant = given === impliedVariant(architecture) ? '' : given;
  const { variant: _variant, 'os.version': version = '', ...rest } = platform;
  return {
    ...rest,
    os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(version === '' ? {} : { 'os.version': version }),
  };
}

function impliedVariant(architecture: string): string | undefined {
  return Object.hasOwn(IMPLIED_VARIANT, architecture) ? IMPLIED_VARIANT[architecture] : undefined;
}

/**
 * Whether `candidate` satisfies `wanted`. Without a variant in `wanted`, every variant does; a
 * 32-bit arm image without a variant is v7 (containerd platforms.Normalize). A version matches
 * longer ones that it starts: "10.0.20348" matches "10.0.20348.2582".
 * @example
 * import { matchesPlatform, parsePlatform } from '@regctl/cli/oci';
 *
 * const wanted = parsePlatform('linux/arm');
 * console.log(matchesPlatform(wanted, parsePlatform('linux/arm/v7'))); // true
 */
export function matchesPlatform(wanted: Platform, candidate: Platform): boolean {
  const a = normalize(wanted);
  const b = normalize(candidate);
  return (
    isSameSystem(a, b) &&
    (a.variant === undefined || a.variant === (b.variant ?? UNNAMED_VARIANT.get(b.architecture)))
  );
}

/** The variant of an image that names none, if the architecture does not imply one. */
const UNNAMED_VARIANT: ReadonlyMap<string, string> = new Map([['arm', 'v7']]);

function isSameSystem(wanted: Platform, candidate: Platform): boolean {
  const version = wanted['os.version'];
  return (
    wanted.os === candidate.os &&
    wanted.architecture === candidate.architecture &&
    (version === undefined || `${candidate['os.version'] ?? ''}.`.startsWith(`${version}.`))
  );
}

/**
 * Returns the entries that `wanted` means, best first. If no variant is requested, an entry without
 * a variant comes first, then the highest one (arm v7 before v6, as container engines choose), then
 * the order of the list. If no entry has the requested variant, the highest older one is used,
 * because it runs there too (arm v6 on v7, amd64 v2 on v3).
 */
export function choosePlatforms<T extends { readonly platform: Platform | undefined }>(
  entries: readonly T[],
  wanted: Platform,
): readonly T[] {
  const matching = entries.filter(
    ({ platform }) => platform !== undefined && matchesPlatform(wanted, platform),
  );
  if (matching.length > 0) return matching.toSorted((a, b) => compare(rank(b), rank(a)));
  const { variant, ...system } = normalize(wanted);
  const limit = levelOf({ ...system, ...(variant === undefined ? {} : { variant }) });
  const older = entries.filter(
    ({ platform }) =>
      platform !== undefined &&
      isSameSystem(system, normalize(platform)) &&
      compare(levelOf(platform), limit) < 0,
  );
  const best = Math.max(...older.map(({ platform }) => levelOf(platform)));
  return older.filter(({ platform }) => levelOf(platform) === best);
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function rank({ platform }: { readonly platform: Platform | undefined }): number {
  return platform === undefined || normalize(platform).variant === undefined
    ? Infinity
    : levelOf(platform);
}

/** 7 for "v7"; NaN if variants do not build on each other. */
function levelOf(platform: Platform | undefined): number {
  if (platform === undefined) return Number.NaN;
  const { architecture, variant } = normalize(platform);
  const named = variant ?? UNNAMED_VARIANT.get(architecture) ?? impliedVariant(architecture) ?? '';
  return Number(/^v(\d+(?:\.\d+)?)$/u.exec(named)?.[1] ?? Number.NaN);
}

const NODE_ARCHITECTURE: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  mipsel: 'mipsle',
};

/** Linux images of this machine's architecture: what a local container engine runs. */
export function hostPlatform(host: { platform: string; arch: string }): Platform {
  const architecture = NODE_ARCHITECTURE[host.arch] ?? host.arch;
  return { os: host.platform === 'win32' ? 'windows' : 'linux', architecture };
}
