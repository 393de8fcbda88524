import { knownRegistry } from '../../config/registries/lookup.ts';
import { AppError } from '../../errors/app-error.ts';
import type { HttpResponse } from '../../http/types.ts';
import { isDigest } from '../../oci/digest.ts';
import { parseJsonStrict } from '../../oci/strict-json.ts';
import { isTag } from '../../reference/names.ts';
import type { TaggedDigest } from '../../store/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { collect } from '../../util/bytes.ts';
import type { RequestContext } from '../requests.ts';
import { DIGEST_APIS, type DigestApi, type DigestPage } from './tag-digest-apis.ts';

const MAX_PAGE_BYTES = 16 * 1024 * 1024;

/**
 * Lists tags with their digests by an API of the registry's own. `challenge` is the one of an
 * earlier answer; it tells registries that anyone can run from others.
 * @throws AppError UNSUPPORTED if there is no such list, or it cannot be read now
 */
export async function* listTagDigests(
  context: RequestContext,
  challenge: string | undefined,
  options: CallOptions = {},
): AsyncGenerator<readonly TaggedDigest[]> {
  const api = apiOf(context, challenge);
  if (api === undefined) throw unsupported(context);
  const { registry, repository = '', deps } = context;
  const base = await deps.endpoint(registry, options);
  const authorization = await authorizationOf(context, api, options);
  if (authorization === undefined && api.needsLogin === true) throw unsupported(context);
  const headers = {
    accept: 'application/json',
    ...(authorization === undefined ? {} : { authorization }),
  };
  const candidates = api.urls({ base, repository });
  let url: URL | undefined;
  for (let page = 1; ; page += 1) {
    const found: Asked | undefined = await ask(
      context,
      url === undefined ? candidates.map((one) => new URL(one)) : [url],
      { page, headers, signal: options.signal },
    );
    const read = found === undefined ? undefined : api.page(found.body);
    if (found === undefined || read === undefined) throw unsupported(context);
    yield validOf(read);
    if (read.isLast) return;
    ({ url } = found);
  }
}

interface Asked {
  readonly url: URL;
  readonly body: unknown;
}

/** The first of `urls` that answers. It is a shortcut, so that nothing is tried again. */
async function ask(
  { deps }: RequestContext,
  urls: readonly URL[],
  { page, headers, signal }: CallOptions & { page: number; headers: Record<string, string> },
): Promise<Asked | undefined> {
  for (const url of urls) {
    url.searchParams.set('page', String(page));
    const answer = await deps.request({ method: 'GET', url, headers, idempotent: false, signal });
    if (answer.status !== 200) await answer.discard();
    else return { url, body: await readJson(answer) };
  }
  return undefined;
}

async function readJson(answer: HttpResponse): Promise<unknown> {
  try {
    const raw = await collect(answer.body, MAX_PAGE_BYTES, tooLarge);
    return parseJsonStrict(raw, 'REGISTRY_ERROR', 'list of tags');
  } finally {
    await answer.discard();
  }
}

function tooLarge(): AppError {
  return new AppError('RESPONSE_TOO_LARGE', 'cannot read a list of tags: it is too large');
}

function validOf({ entries }: DigestPage): readonly TaggedDigest[] {
  return entries.flatMap(({ tag, digest }) =>
    typeof tag === 'string' && isTag(tag) && typeof digest === 'string' && isDigest(digest)
      ? [{ tag, digest }]
      : [],
  );
}

function apiOf({ registry }: RequestContext, challenge: string | undefined): DigestApi | undefined {
  const lines = challenge === undefined ? [] : [challenge];
  const all = (name: string): readonly string[] => (name === 'www-authenticate' ? lines : []);
  const row = knownRegistry(registry, { all });
  return DIGEST_APIS.find(({ id }) => id === row?.id);
}

async function authorizationOf(
  { registry, repository, deps }: RequestContext,
  { authorization }: DigestApi,
  options: CallOptions,
): Promise<string | undefined> {
  if (authorization === undefined) return undefined;
  const login = await deps.credentials?.lookup(registry, repository, options);
  return login === undefined ? undefined : authorization(login);
}

function unsupported(context: RequestContext): AppError {
  return new AppError('UNSUPPORTED', `cannot list the digests of tags of ${context.label}`);
}
