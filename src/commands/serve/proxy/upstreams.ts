import { isHostPort } from '../../../config/host-name.ts';
import { AppError } from '../../../errors/app-error.ts';
import { sanitize } from '../../../errors/sanitize.ts';
import { DOCKER_HUB, isHubHost } from '../../../reference/docker-hub.ts';
import type { Upstream } from '../../../server/proxy/types.ts';
import type { Context } from '../../context.ts';
import { readList, readText } from '../../input/read.ts';
import type { Input } from '../../types.ts';

/** The upstreams of `--proxy`, then of `--proxy-prefix`; empty without either. @throws AppError USAGE */
export function readUpstreams(
  context: Pick<Context, 'locate' | 'openRead'>,
  input: Input,
): readonly Upstream[] {
  const main = readText(input, 'proxy');
  const first = main === undefined ? [] : [upstreamOf(context, main, '--proxy', undefined)];
  const others = readList(input, 'proxyPrefix').map((text) => {
    const [, prefix, url] = /^([a-z0-9][a-z0-9._-]*(?::\d+)?)=(.+)$/u.exec(text) ?? [];
    if (prefix !== undefined && url !== undefined) {
      return upstreamOf(context, url, '--proxy-prefix', prefix);
    }
    throw new AppError('USAGE', `--proxy-prefix takes PREFIX=URL, not "${sanitize(text)}"`, {
      hint: 'For example: --proxy-prefix ghcr.io=https://ghcr.io',
    });
  });
  const all = [...first, ...others];
  const twice = all.find(
    ({ namespace, prefix }, i) =>
      all.findIndex((one) => one.namespace === namespace && one.prefix === prefix) < i,
  );
  if (twice === undefined) return all;
  throw new AppError('USAGE', `${twice.namespace} is named twice as an upstream`);
}

function upstreamOf(
  { locate, openRead }: Pick<Context, 'locate' | 'openRead'>,
  text: string,
  option: string,
  prefix: string | undefined,
): Upstream {
  const address = parseAddress(text);
  if (address === undefined) {
    throw new AppError('USAGE', `${option}: "${sanitize(text)}" is not the address of a registry`, {
      hint: 'For example https://registry-1.docker.io, https://ghcr.io or http://127.0.0.1:5000.',
    });
  }
  const { host, base, plainHttp } = address;
  return {
    namespace: `${host}${base.replace(/\/$/u, '')}`,
    prefix,
    open: (repository) =>
      openRead(locate(`docker://${host}/${base}${repository}`), {
        side: 'single',
        host: { plainHttp },
      }),
  };
}

interface Address {
  /** "docker.io" for Docker Hub. */
  readonly host: string;
  /** "" or "mirror/" */
  readonly base: string;
  readonly plainHttp: boolean | undefined;
}

/** "https://ghcr.io", "ghcr.io", "https://harbor.example.com/hub" */
function parseAddress(text: string): Address | undefined {
  const match = /^(?:(https?):\/\/)?([^/?#@\s]+)((?:\/[a-z0-9._-]+)*)\/?$/iu.exec(text);
  const host = match?.[2]?.toLowerCase();
  if (match === null || host === undefined || !isHostPort(host)) return undefined;
  const path = match[3]?.slice(1) ?? '';
  return {
    host: isHubHost(host) ? DOCKER_HUB : host,
    base: path === '' ? '' : `${path}/`,
    plainHttp: match[1]?.toLowerCase() === 'http' ? true : undefined,
  };
}
