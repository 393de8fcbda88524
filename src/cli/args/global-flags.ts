import { AppError } from '../../errors/app-error.ts';
import { hostPlatform, parsePlatform, type Platform } from '../../oci/platform.ts';
import type { Side } from '../../client/types.ts';
import type { GlobalFlags } from '../../commands/context.ts';
import type { Input } from '../../commands/types.ts';
import type { ClientSettings, ConnectionOptions } from '../../client/types.ts';
import { parseDuration } from './duration.ts';

export type OutputFormat = 'text' | 'json' | 'ndjson';
export type ProgressMode = 'auto' | 'bar' | 'plain' | 'json' | 'none';

/** All parsed global options. Commands see only those of `GlobalFlags`. */
export interface ProgramFlags extends GlobalFlags, ClientSettings {
  readonly output: OutputFormat | undefined;
  /** Text of a Go template. */
  readonly format: string | undefined;
  readonly progress: ProgressMode;
  readonly debug: boolean;
  /** This machine's platform, changed by `--override-…`. */
  readonly hostPlatform: Platform;
  readonly noColor: boolean;
  readonly tmpdir: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly sides: Readonly<Record<Side, ConnectionOptions>>;
  /** Names of the given plain options with a secret; ambiguous in a copy between two registries. */
  readonly plainSecrets: readonly string[];
}

type Values = Input['options'];

/** Parses `values`, whose keys are in camelCase. @throws AppError USAGE */
export function parseGlobalFlags(
  values: Values,
  host: { readonly platform: string; readonly arch: string },
): ProgramFlags {
  const output = text(values, 'output') as OutputFormat | undefined;
  const format = text(values, 'format');
  if (format !== undefined && output !== undefined) {
    throw new AppError('USAGE', '--format and --output cannot be used together', {
      hint: 'A template prints text of its own; leave one of them out.',
    });
  }
  const single = connectionFlags(values, '');
  const platforms = list(values, 'platform');
  const override = overrideOf(values, host);
  if (override !== undefined && platforms.length > 0) {
    throw new AppError('USAGE', '--platform and --override-os, -arch or -variant contradict', {
      hint: 'Write the whole platform: --platform OS/ARCH[/VARIANT].',
    });
  }
  return {
    platform: platforms.length === 0 ? undefined : platforms.join(','),
    override,
    hostPlatform: override ?? hostPlatform(host),
    concurrency: atLeast(1, values, 'concurrency', '--concurrency') ?? 6,
    quiet: flag(values, 'quiet'),
    asOtherTool: false,
    policy: policyOf(values),
    verifyKeys: list(values, 'verifyKey'),
    acceptBundles: flag(values, 'policyAcceptBundles'),
    eachImage: flag(values, 'policyEachImage'),
    config: text(values, 'config'),
    authfile: text(values, 'authfile'),
    allowRealm: list(values, 'allowRealm'),
    // In Docker and Podman, JSON is `--format json`.
    output: format === 'json' ? 'json' : output,
    format: format === 'json' ? undefined : format,
    progress: (text(values, 'progress') as ProgressMode | undefined) ?? 'auto',
    debug: flag(values, 'debug'),
    noColor: flag(values, 'noColor'),
    tmpdir: text(values, 'tmpdir'),
    retryTimes: atLeast(0, values, 'retryTimes', '--retry-times') ?? 5,
    retryDelayMs: duration(values, 'retryDelay', '--retry-delay'),
    retryMaxWaitMs: duration(values, 'retryMaxWait', '--retry-max-wait'),
    headerTimeoutMs: duration(values, 'headerTimeout', '--header-timeout'),
    idleTimeoutMs: duration(values, 'idleTimeout', '--idle-timeout'),
    minSpeed: atLeast(0, values, 'minSpeed', '--min-speed'),
    userAgent: headerText(values, 'userAgent', '--user-agent'),
    registriesConf: text(values, 'registriesConf'),
    daemonConfig: text(values, 'daemonConfig'),
    timeoutMs: duration(values, 'commandTimeout', '--command-timeout'),
    sides: {
      single,
      src: sideFlagsOver(single, connectionFlags(values, 'src')),
      dest: sideFlagsOver(single, connectionFlags(values, 'dest')),
    },
    plainSecrets: ['creds', 'username', 'password', 'registryToken']
      .filter((name) => values[name] !== undefined)
      .map((name) => `--${name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`),
  };
}

function connectionFlags(values: Values, side: '' | 'src' | 'dest'): ConnectionOptions {
  const key = (name: string): string =>
    side === '' ? name : `${side}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return {
    creds: text(values, key('creds')),
    username: text(values, key('username')),
    password: text(values, key('password')),
    registryToken: text(values, key('registryToken')),
    noCreds: flag(values, key('noCreds')),
    authfile: text(values, key('authfile')),
    tlsVerify: values[key('tlsVerify')] as boolean | undefined,
    plainHttp: flag(values, key('plainHttp')),
    certDir: text(values, key('certDir')),
    daemonHost: text(values, key('daemonHost')),
    sharedBlobDir: text(values, key('sharedBlobDir')),
  };
}

/** Overrides plain options by those of a side; a credential option replaces all plain ones. */
function sideFlagsOver(plain: ConnectionOptions, side: ConnectionOptions): ConnectionOptions {
  const { creds, username, password, registryToken, noCreds } = side;
  const speaks = noCreds || (creds ?? username ?? password ?? registryToken) !== undefined;
  return {
    ...plain,
    ...(speaks ? { creds, username, password, registryToken, noCreds } : {}),
    authfile: side.authfile ?? plain.authfile,
    tlsVerify: side.tlsVerify ?? plain.tlsVerify,
    plainHttp: side.plainHttp || plain.plainHttp,
    certDir: side.certDir ?? plain.certDir,
    daemonHost: side.daemonHost ?? plain.daemonHost,
    sharedBlobDir: side.sharedBlobDir ?? plain.sharedBlobDir,
  };
}

/**
 * The platform of skopeo's `--override-os`, `-arch` and `-variant`, with this machine's values as
 * defaults. @throws AppError INVALID_PLATFORM
 */
function overrideOf(
  values: Values,
  host: { readonly platform: string; readonly arch: string },
): Platform | undefined {
  const [os, architecture, variant] = ['overrideOs', 'overrideArch', 'overrideVariant'].map(
    (name) => text(values, name),
  );
  if ((os ?? architecture ?? variant) === undefined) return undefined;
  const own = hostPlatform(host);
  const parts = [os ?? own.os, architecture ?? own.architecture];
  return parsePlatform([...parts, ...(variant === undefined ? [] : [variant])].join('/'));
}

/** `--insecure-policy` overrides a file, as in skopeo. */
function policyOf(values: Values): GlobalFlags['policy'] {
  if (flag(values, 'insecurePolicy')) return undefined;
  const file = text(values, 'policy');
  if (file !== undefined) return { file };
  return flag(values, 'hostPolicy') ? 'host' : undefined;
}

function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** @throws AppError USAGE if the value is not valid in a header */
function headerText(values: Values, name: string, spelled: string): string | undefined {
  const value = text(values, name);
  if (value === undefined || /^[!-~](?:[ -~]*[!-~])?$/u.test(value)) return value;
  throw new AppError('USAGE', `${spelled} takes printable ASCII characters`);
}

function flag(values: Values, name: string): boolean {
  return values[name] === true;
}

function list(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

function duration(values: Values, name: string, spelled: string): number | undefined {
  const value = text(values, name);
  return value === undefined ? undefined : parseDuration(value, spelled);
}

function atLeast(min: number, values: Values, name: string, spelled: string): number | undefined {
  const value = values[name];
  if (typeof value !== 'number') return undefined;
  if (value < min) throw new AppError('USAGE', `${spelled} must be at least ${min}`);
  return value;
}
