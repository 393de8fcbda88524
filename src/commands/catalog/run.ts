import { AppError } from '../../errors/app-error.ts';
import { DOCKER_HUB } from '../../reference/docker-hub.ts';
import { stripDockerScheme } from '../../reference/parse.ts';
import { isRepositoryName, parseRegistry } from '../../reference/names.ts';
import { listHubRepositories } from '../../registry/hub/repositories.ts';
import type { CallOptions } from '../../util/abort.ts';
import { createNameFilter } from '../../tags/filter.ts';
import { readArgument, readCount, readFlag, readList, readText } from '../input/read.ts';
import { baseUrlOf } from '../input/testing-url.ts';
import type { Context } from '../context.ts';
import type { Result } from '../result.ts';
import type { Input } from '../types.ts';

type CatalogContext = Pick<Context, 'env' | 'http' | 'registries' | 'registry'>;

interface CatalogTarget {
  readonly registry: string;
  /** "bitnami" of docker.io/bitnami. */
  readonly namespace: string | undefined;
}

/** Lists the repositories of a registry as they arrive. */
export async function run(
  context: CatalogContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const target = parseTarget(readArgument(input, 0, 'REGISTRY'));
  const limit = readCount(input, 'limit', '--limit') ?? Infinity;
  const keep = await createNameFilter({
    include: readList(input, 'include'),
    exclude: readList(input, 'exclude'),
  });
  const fullRef = readFlag(input, 'fullRef');
  const list = { ...options, last: readText(input, 'last') };
  const items = async function* (): AsyncGenerator<string> {
    let left = limit;
    for await (const page of pagesOf(context, target, list)) {
      for (const name of page) {
        if (!keep(name)) continue;
        yield fullRef ? `${target.registry}/${name}` : name;
        left -= 1;
        if (left === 0) return;
      }
    }
  };
  return { kind: 'list', head: {}, key: 'Repositories', items };
}

function parseTarget(text: string): CatalogTarget {
  const name = stripDockerScheme(text).replace(/^https?:\/\//iu, '');
  const [host = '', ...rest] = name.split('/');
  const namespace = rest.join('/').replace(/\/+$/u, '');
  const registry = parseRegistry(host);
  if (namespace === '' || /^v[12]$/u.test(namespace)) return { registry, namespace: undefined };
  const tooDeep = registry === DOCKER_HUB && namespace.includes('/');
  if (isRepositoryName(namespace) && !tooDeep) return { registry, namespace };
  throw new AppError(
    'INVALID_REFERENCE',
    `"${text}" is neither a registry nor a namespace of one`,
    {
      hint: 'For example registry.example.com, registry.example.com/team or docker.io/bitnami.',
    },
  );
}

async function* pagesOf(
  context: CatalogContext,
  { registry, namespace }: CatalogTarget,
  options: CallOptions & { readonly last: string | undefined },
): AsyncGenerator<readonly string[]> {
  if (registry === DOCKER_HUB && namespace !== undefined) {
    // Called only to apply a block: Docker Hub's own API has no mirrors.
    context.registries().route({ registry, repository: namespace });
    const http = await context.http('single');
    const baseUrl = baseUrlOf(context, 'REGCTL_HUB_API_URL');
    for await (const page of listHubRepositories(http, namespace, { ...options, baseUrl })) {
      yield page.map((one) => `${one.namespace}/${one.name}`);
    }
    return;
  }
  const client = await context.registry('single');
  for await (const page of client.catalog(registry, options)) {
    yield namespace === undefined
      ? page
      : page.filter((name) => name === namespace || name.startsWith(`${namespace}/`));
  }
}
