import { isDigestTag } from '../../tags/digest-tags.ts';
import { tagListerOf } from '../../tags/find.ts';
import { readCreated, type TagsReader } from './tag-rows.ts';

/** Names that are counted; a longer list has "or more". */
const MAX_COUNTED = 1_000;
const LATEST = 'latest';

/** What a list of repositories says about one. */
export interface RepositoryCount {
  /** Tags, without those that hold signatures and referrers. */
  readonly tags: number;
  readonly isAll: boolean;
  /** Images with a signature under a tag of cosign. Other signatures would take a request each. */
  readonly signed: number;
  /** When `latest` was built, in milliseconds since 1970. */
  readonly latest: number | undefined;
}

/** Counts the tags of a repository, in one request for most; `latest` takes up to three more. */
export async function countTags(reader: TagsReader): Promise<RepositoryCount> {
  const { store, signal, isMetered } = reader;
  const names: string[] = [];
  let isAll = true;
  for await (const page of tagListerOf(store).tags({ signal })) {
    names.push(...page);
    isAll = names.length < MAX_COUNTED;
    if (!isAll) break;
  }
  return {
    tags: names.filter((name) => !isDigestTag(name)).length,
    isAll,
    signed: names.filter((name) => isDigestTag(name) && name.endsWith('.sig')).length,
    latest: isMetered || !names.includes(LATEST) ? undefined : await readCreated(reader, LATEST),
  };
}
