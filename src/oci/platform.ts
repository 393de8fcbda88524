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

/** `OS/ARCH[/VARIANT]`. @throws AppError INVALID_PLATFORM */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant, ...rest] = text.split('/');
  const parts = [os, architecture, ...(variant === undefined ? [] : [variant])];
  const valid =
    rest.length === 0 &&
    parts.every((part) => part !== undefined && /^[a-zA-Z0-9_.-]+$/.test(part));
  if (!valid || os === undefined || architecture === undefined) {
    throw new AppError(
      'INVALID_PLATFORM',
      `invalid platform "${sanitize(text.slice(0, 200))}": expected OS/ARCH[/VARIANT]`,
      {
        hint: 'For example linux/amd64 or linux/arm/v7.',
      },
    );
  }
  return normalize({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return [os, architecture, ...(variant === undefined || variant === '' ? [] : [variant])].join(
    '/',
  );
}

const ARCHITECTURE_ALIAS: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  aarch64: { architecture: 'arm64' },
  i386: { architecture: '386' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

/** Variants that the architecture alone implies; they are not written. */
const IMPLIED_VARIANT: Readonly<Record<string, string>> = { arm64: 'v8', amd64: 'v1' };

/** Lower case, common aliases resolved, "7" written "v7", implied variants dropped. */
export function normalize(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const name = platform.architecture.toLowerCase();
  const alias = Object.hasOwn(ARCHITECTURE_ALIAS, name) ? ARCHITECTURE_ALIAS[name] : undefined;
  const architecture = alias?.architecture ?? name;
  const given = (platform.variant ?? alias?.variant ?? '').toLowerCase().replace(/^(?=[0-9])/, 'v');
  const variant = given === impliedVariant(architecture) ? '' : given;
  const { variant: _dropped, ...rest } = platform;
  return { ...rest, os, architecture, ...(variant === '' ? {} : { variant }) };
}

function impliedVariant(architecture: string): string | undefined {
  return Object.hasOwn(IMPLIED_VARIANT, architecture) ? IMPLIED_VARIANT[architecture] : undefined;
}

/**
 * Whether `candidate` satisfies `wanted`; a variant that is not asked for does not matter, and
 * a 32-bit arm image that names none is v7 (containerd platforms.Normalize).
 */
export function matchesPlatform(wanted: Platform, candidate: Platform): boolean {
  const a = normalize(wanted);
  const b = normalize(candidate);
  const variant = b.variant ?? (b.architecture === 'arm' ? 'v7' : undefined);
  return (
    a.os === b.os &&
    a.architecture === b.architecture &&
    (a.variant === undefined || a.variant === variant)
  );
}

const NODE_ARCHITECTURE: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  mipsel: 'mipsle',
};

/** Linux images of this machine's architecture: what a container engine here would run. */
export function hostPlatform(host: { platform: string; arch: string }): Platform {
  const architecture = NODE_ARCHITECTURE[host.arch] ?? host.arch;
  return { os: host.platform === 'win32' ? 'windows' : 'linux', architecture };
}
