import { sanitize } from '../../errors/sanitize.ts';
import { isRecord } from '../../util/json.ts';
import { isDigest } from '../../oci/digest.ts';
import { isTag } from '../../reference/names.ts';
import type { ListOptions } from '../types.ts';
import { repositoryUrl, type RequestContext, type Operation } from '../requests.ts';
import { MAX_PAGE_ENTRIES, notAList, pages } from './pages.ts';

/** Lists only valid tags: nulls and digests, which some registries list, are left out. */
export async function* listTags(
  context: RequestContext,
  options: ListOptions = {},
): AsyncGenerator<readonly string[]> {
  const operation: Operation = {
    action: 'list tags of',
    target: context.label,
    kind: 'repository',
  };
  const url = await repositoryUrl(context, `tags/list?${pageQuery(options)}`, options);
  const listing = {
    operation,
    url,
    key: (name: string) => name,
    entries: (body: unknown) => stringsIn(body, 'tags') ?? fail(context, operation),
  };
  for await (const page of pages(context, listing, options)) {
    const tags = page.filter((name) => isTag(name));
    warnOfInvalid(context, page);
    if (tags.length > 0) yield tags;
  }
}

/** `n=1000`, and `last=NAME` if a list starts after it. */
export function pageQuery({ pageSize = MAX_PAGE_ENTRIES, last }: ListOptions): string {
  const size = Math.max(1, Math.min(pageSize, MAX_PAGE_ENTRIES));
  return last === undefined ? `n=${size}` : `n=${size}&last=${encodeURIComponent(last)}`;
}

/** The strings of a list; an absent or null list is empty, another form is `undefined`. */
export function stringsIn(body: unknown, key: string): readonly string[] | undefined {
  if (!isRecord(body)) return undefined;
  const list = body[key] ?? [];
  if (!Array.isArray(list)) return undefined;
  return list.filter((name): name is string => typeof name === 'string');
}

function fail(context: RequestContext, operation: Operation): never {
  throw notAList(context, operation, 'list of tags');
}

function warnOfInvalid(context: RequestContext, page: readonly string[]): void {
  const invalid = page.filter((name) => !isTag(name) && !isDigest(name));
  const [first] = invalid;
  if (first === undefined) return;
  context.deps.warn(
    `${context.label}: left out ${invalid.length} names that are not valid tags, such as "${sanitize(first.slice(0, 100))}"`,
  );
}
