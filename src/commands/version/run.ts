import { installedFrom, VERSION, versionText } from '../../client/version.ts';
import type { CallOptions } from '../../util/abort.ts';
import type { Context } from '../context.ts';
import { readFlag } from '../input/read.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';
import { newestVersion } from './newest.ts';

/** Shows versions and the place of installation; asks for a newer version only with `--check`. */
export async function run(
  context: Pick<Context, 'env' | 'http' | 'runtime'>,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const { node, openssl, platform, arch } = context.runtime;
  const { kind, path, update } = installedFrom(context.runtime);
  const newest = readFlag(input, 'check')
    ? await newestVersion(await context.http('single'), context.env, options)
    : undefined;
  const isOutdated = newest !== undefined && (await isNewer(newest));
  const lines = [
    versionText(context.runtime),
    ...(newest === undefined
      ? []
      : [
          isOutdated
            ? `${newest} is available${update === undefined ? '' : `: ${update}`}`
            : 'This is the newest version.',
        ]),
  ];
  return {
    kind: 'value',
    json: {
      Version: VERSION,
      Node: node,
      OpenSSL: openssl,
      Platform: `${platform}/${arch}`,
      Installed: kind,
      Path: path,
      ...(newest === undefined ? {} : { Newest: newest, Outdated: isOutdated }),
    },
    text: () => lines.join('\n'),
  };
}

async function isNewer(version: string): Promise<boolean> {
  const { default: semver } = await import('semver');
  return semver.gt(version, VERSION);
}
