import type { Child, FC } from 'hono/jsx';
import {
  COPY_LINES,
  deletePath,
  HOME,
  repositoriesPath,
  tagsPath,
  type CopyKind,
} from '../links.ts';
import {
  MAX_READ,
  SORTS,
  type TagList,
  type TagsPage as Data,
  type TagsQuery,
} from '../data/tags.ts';
import { Page, PullsLeft } from './layout.tsx';
import { TagRow } from './tag-row.tsx';
import { Pager, visible } from './widgets.tsx';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { PullAllowance } from '../../store/types.ts';

export interface TagsProps {
  /** Registry and path: "ghcr.io/o/app". */
  readonly repository: string;
  readonly query: TagsQuery;
  readonly list: TagList;
  readonly data: Data;
  readonly now: Date;
  /** Reading manifests counts as pulls. */
  readonly isMetered: boolean;
  readonly pullsLeft: PullAllowance | undefined;
  /** The platform whose size an index has in the list. */
  readonly platform: Platform;
  readonly allowDelete: boolean;
  readonly copy: CopyKind;
}

interface TagsPageProps extends Pick<TagsProps, 'repository' | 'query' | 'list' | 'copy'> {
  /** `undefined` before the rows have been read. */
  readonly requests: number | undefined;
  /** The rows. */
  readonly children?: Child;
}

/** What surrounds the rows; all that stands above them is known from the list of tags. */
export const TagsPage: FC<TagsPageProps> = (props) => {
  const { repository, query, list, requests, copy, children } = props;
  const [registry = '', ...path] = repository.split('/');
  return (
    <Page
      title={repository}
      trail={[
        { text: 'Registries', href: HOME },
        { text: registry, href: repositoriesPath(registry) },
        { text: path.join('/') },
      ]}
      command={`regctl tags --long ${repository}`}
      requests={requests}
    >
      <h1>
        Tags{' '}
        <span class="count">{list.names.length - (query.digestTags ? 0 : list.digestTags)}</span>
      </h1>
      <Filter repository={repository} query={query} hidden={list.digestTags} copy={copy} />
      <div id="results" aria-live="polite">
        {children}
      </div>
    </Page>
  );
};

export const TagsResults: FC<TagsProps> = (props) => {
  const { repository, query, data, allowDelete, copy } = props;
  const { filter, sort, digestTags, all, details, untagged } = query;
  const here = { filter, sort, 'digest-tags': digestTags, all, details, untagged, copy };
  return (
    <>
      <Summary {...props} />
      <Rows {...props} />
      {allowDelete && filter !== '' && data.matching > 0 && !untagged ? (
        <p class="actions">
          <a href={deletePath(repository, { filter })}>Delete all {data.matching} that match…</a>
        </p>
      ) : null}
      <Pager
        page={data.page}
        pages={data.pages}
        href={(page) => tagsPath(repository, { ...here, page })}
      />
    </>
  );
};

const SORT_WORDS: Readonly<Record<(typeof SORTS)[number], string>> = {
  version: 'version, highest first',
  name: 'name',
  created: 'date, newest first',
  size: 'size, largest first',
};

interface FilterProps extends Pick<TagsProps, 'repository' | 'query' | 'copy'> {
  /** Digest tags, which are hidden by default. */
  readonly hidden: number;
}

const Filter: FC<FilterProps> = ({ repository, query, hidden, copy }) => (
  <form method="get" action="/tags" class="filter" data-live>
    <input type="hidden" name="repository" value={repository} />
    <label for="filter">Filter</label>
    <input id="filter" name="filter" type="search" value={query.filter} placeholder="1.2*" />
    <label for="sort">Sort by</label>
    <select id="sort" name="sort">
      {SORTS.map((one) => (
        <option value={one} selected={one === query.sort}>
          {SORT_WORDS[one]}
        </option>
      ))}
    </select>
    <label for="copy">Copy</label>
    <select id="copy" name="copy">
      {Object.keys(COPY_LINES).map((kind) => (
        <option value={kind} selected={kind === copy}>
          {COPY_LINES[kind as CopyKind].replace('{}', 'IMAGE')}
        </option>
      ))}
    </select>
    <span class="check">
      <input
        id="digest-tags"
        type="checkbox"
        name="digest-tags"
        value="1"
        checked={query.digestTags}
      />
      <label for="digest-tags">Digest tags ({hidden})</label>
    </span>
    <span class="check">
      <input id="untagged" type="checkbox" name="untagged" value="1" checked={query.untagged} />
      <label for="untagged">Untagged</label>
    </span>
    <span class="check">
      <input id="all" type="checkbox" name="all" value="1" checked={query.all} />
      <label for="all">Group all tags by digest</label>
    </span>
    <span class="check">
      <input id="details" type="checkbox" name="details" value="1" checked={query.details} />
      <label for="details">Read ages and sizes</label>
    </span>
    <button type="submit">Apply</button>
  </form>
);

const Summary: FC<TagsProps> = (props) => {
  const { data, list, query, repository, isMetered, pullsLeft } = props;
  return (
    <>
      <p class="count-line">
        {query.untagged
          ? `${data.matching} ${data.matching === 1 ? 'manifest' : 'manifests'} without a tag, the last pushed first`
          : `${data.matching} of ${list.names.length} tags, ${data.read} of ${data.matching} read`}
      </p>
      {data.unread > 0 ? (
        <p class="notice">
          The list of tags took many requests, so {data.unread} rows were not read.{' '}
          <a href={tagsPath(repository, { filter: query.filter, page: query.page, details: true })}>
            Read all rows
          </a>
        </p>
      ) : null}
      {data.limited ? (
        <p class="notice">
          {query.untagged
            ? `Only the first ${MAX_READ} tags were read: what is listed here may have one of the others.`
            : `Only the first ${data.read} tags were read. Filter the list to see the others.`}
        </p>
      ) : null}
      {data.sort === query.sort ? null : (
        <p class="notice">
          The rows are sorted by version: to sort them by {SORT_WORDS[query.sort]}, every image
          would be read, and Docker Hub counts that as pulls.
        </p>
      )}
      {isMetered && !query.details ? (
        <p class="notice">
          Docker Hub counts reading an image as a pull, so ages and sizes are left out.{' '}
          <a href={tagsPath(repository, { filter: query.filter, page: query.page, details: true })}>
            Read them: up to 2 pulls for each row
          </a>{' '}
          <PullsLeft left={pullsLeft} />
        </p>
      ) : null}
    </>
  );
};

const Rows: FC<TagsProps> = (props) => {
  const { repository, data, now, platform, isMetered, allowDelete, copy } = props;
  const largest = Math.max(1, ...data.rows.map(({ facts }) => facts?.size ?? 0));
  if (data.rows.length === 0) return <p>Nothing matches.</p>;
  return (
    <form method="get" action="/compare">
      <input type="hidden" name="repository" value={repository} />
      <table class="list">
        <caption class="visually-hidden">Tags of {visible(repository)}</caption>
        <thead>
          <tr>
            <td></td>
            <th scope="col">Tag</th>
            <th scope="col">Age</th>
            <th scope="col">Size*</th>
            <th scope="col">Platforms</th>
            <th scope="col">Digest</th>
            <th scope="col">Proofs</th>
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row) => (
            <TagRow
              repository={repository}
              row={row}
              largest={largest}
              now={now}
              fills={!isMetered}
              copy={copy}
            />
          ))}
        </tbody>
      </table>
      <p class="count-line">
        * of {visible(formatPlatform(platform))}, if there are several platforms
      </p>
      <p class="actions">
        <button type="submit">Compare two</button>
        {allowDelete ? (
          <button type="submit" formaction="/delete" class="danger">
            Delete the chosen…
          </button>
        ) : null}
      </p>
    </form>
  );
};
