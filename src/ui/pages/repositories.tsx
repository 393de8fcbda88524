import type { FC } from 'hono/jsx';
import { countPath, HOME, repositoriesPath, tagsPath } from '../links.ts';
import type { RepositoryCount } from '../data/count.ts';
import {
  REPOSITORY_SORTS,
  type RepositoriesPage as Data,
  type RepositoriesQuery,
  type RepositorySort,
} from '../data/repositories.ts';
import { formatAge } from '../../util/text/units.ts';
import { Page } from './layout.tsx';
import { Problem } from './problem.tsx';
import { Pager, Section, visible } from './widgets.tsx';

export interface RepositoriesProps {
  readonly query: RepositoriesQuery;
  readonly data: Data;
  readonly requests: number;
}

const SORT_WORDS: Readonly<Record<RepositorySort, string>> = {
  name: 'name',
  opened: 'opened last',
};

/** "12 tags · latest 2 days ago · 3 signed" */
export function countWords(count: RepositoryCount, now: Date): string {
  const { tags, isAll, signed, latest } = count;
  const words = [
    `${tags}${isAll ? '' : ' or more'} ${tags === 1 ? 'tag' : 'tags'}`,
    latest === undefined ? undefined : `latest ${formatAge(latest, now)}`,
    signed === 0 ? undefined : `${signed} signed`,
  ];
  return words.filter((word) => word !== undefined).join(' · ');
}

export const RepositoriesPage: FC<RepositoriesProps> = ({ query, data, requests }) => {
  const { registry, filter, sort } = query;
  return (
    <Page
      title={registry}
      trail={[{ text: 'Registries', href: HOME }, { text: registry }]}
      command={`regctl catalog ${registry}`}
      requests={requests}
    >
      <h1>
        Repositories <span class="count">{data.total}</span>
      </h1>
      {data.noCatalog === undefined ? null : <Problem error={data.noCatalog} />}
      <form method="get" action="/repositories" class="filter" data-live>
        <input type="hidden" name="registry" value={registry} />
        <label for="filter">Filter</label>
        <input id="filter" name="filter" type="search" value={filter} placeholder="team/*" />
        <label for="sort">Sort by</label>
        <select id="sort" name="sort">
          {REPOSITORY_SORTS.map((one) => (
            <option value={one} selected={one === sort}>
              {SORT_WORDS[one]}
            </option>
          ))}
        </select>
        <button type="submit">Apply</button>
      </form>
      <div id="results" aria-live="polite">
        <p class="count-line">
          {data.noCatalog === undefined
            ? `${data.matching} of ${data.total} repositories`
            : `${data.matching} repositories that you opened before`}
        </p>
        {data.namespaces.length === 0 ? null : (
          <nav class="namespaces" aria-label="Namespaces">
            {data.namespaces.map(({ name, count }) => (
              <a href={repositoriesPath(registry, { filter: `${name}*`, sort })}>
                {visible(name)} <span class="count">{count}</span>
              </a>
            ))}
          </nav>
        )}
        <ul class="names">
          {data.names.map((name) => (
            <li>
              <a href={tagsPath(`${registry}/${name}`)}>{visible(name)}</a>{' '}
              <span class="count" data-count={countPath(`${registry}/${name}`)}></span>
            </li>
          ))}
        </ul>
        <Pager
          page={data.page}
          pages={data.pages}
          href={(page) => repositoriesPath(registry, { filter, sort, page })}
        />
      </div>
    </Page>
  );
};

export interface RegistriesProps {
  /** With a stored login. */
  readonly logins: readonly string[];
  /** Repositories that were opened before. */
  readonly seen: readonly string[];
}

export const RegistriesPage: FC<RegistriesProps> = ({ logins, seen }) => (
  <Page title="Registries" trail={[{ text: 'Registries' }]}>
    <h1>Registries</h1>
    <p>Open any registry, repository or image by its name above, or choose one.</p>
    <Section id="logins" title="With your login">
      {logins.length === 0 ? (
        <p>
          No login is stored. Log in with <code>regctl login REGISTRY</code>.
        </p>
      ) : (
        <ul class="names">
          {logins.map((name) => (
            <li>
              <a href={repositoriesPath(name)}>{visible(name)}</a>
            </li>
          ))}
        </ul>
      )}
    </Section>
    {seen.length === 0 ? null : (
      <Section id="seen" title="Opened before">
        <ul class="names">
          {seen.map((name) => (
            <li>
              <a href={tagsPath(name)}>{visible(name)}</a>
            </li>
          ))}
        </ul>
      </Section>
    )}
  </Page>
);
