import type { FC } from 'hono/jsx';
import type { Doomed, Removal } from '../data/deletion.ts';
import { tagsPath } from '../links.ts';
import { Page, trailOfRepository } from './layout.tsx';
import { Problem } from './problem.tsx';
import { Copy, visible } from './widgets.tsx';

export interface DeleteProps {
  readonly repository: string;
  readonly plan: readonly Doomed[];
  /** The token of the browser's session. */
  readonly token: string;
  readonly requests: number;
}

/** Shows what a deletion affects; its form repeats what it showed. */
export const DeletePage: FC<DeleteProps> = ({ repository, plan, token, requests }) => (
  <Page
    title="Delete"
    trail={[...trailOfRepository(repository), { text: 'Delete' }]}
    requests={requests}
  >
    <h1>Delete from {visible(repository)}</h1>
    <form method="post" action="/delete">
      <input type="hidden" name="repository" value={repository} />
      <input type="hidden" name="token" value={token} />
      {plan.map((one) => (
        <Item repository={repository} one={one} />
      ))}
      <p class="actions">
        <button type="submit" name="action" value="delete" class="danger">
          Delete {plan.length === 1 ? 'the image' : `${plan.length} images`}
        </button>
        {plan.some(({ tags }) => tags.length > 0) ? (
          <button type="submit" name="action" value="untag" formnovalidate>
            Remove only the chosen tags
          </button>
        ) : null}
        <a href={tagsPath(repository)}>Cancel</a>
      </p>
    </form>
  </Page>
);

const Item: FC<{ repository: string; one: Doomed }> = ({ repository, one }) => {
  const { digest, tags, siblings, indexes, referrers } = one;
  const below = [...new Set(indexes.flatMap((index) => index.tags))].map((tag) => visible(tag));
  const ref = tags[0] === undefined ? `@${digest}` : `:${tags[0]}`;
  const force = siblings.length > 0 || indexes.length > 0 ? '--force ' : '';
  return (
    <fieldset class="doomed">
      <legend>
        {tags.length === 0 ? 'An image without a tag' : tags.map((tag) => visible(tag)).join(', ')}
      </legend>
      <input type="hidden" name="item" value={[digest, ...tags].join(' ')} />
      <p>
        <code>{digest}</code>
      </p>
      {siblings.length === 0 ? null : (
        <p class="check">
          <input
            id={`also-${digest}`}
            type="checkbox"
            name="also"
            value={[digest, ...siblings].join(' ')}
            required
          />
          <label for={`also-${digest}`}>
            I also delete: {siblings.map((tag) => visible(tag)).join(', ')}
          </label>
        </p>
      )}
      {indexes.length === 0 ? null : (
        <p class="check">
          <input
            id={`break-${digest}`}
            type="checkbox"
            name="break"
            value={[digest, ...indexes.map((index) => index.digest)].join(' ')}
            required
          />
          <label for={`break-${digest}`}>
            I break the {indexes.length === 1 ? 'index' : 'indexes'} that list it:{' '}
            {below.join(', ')}
          </label>
        </p>
      )}
      {referrers.length === 0 ? null : (
        <p class="check">
          <input id={`referrers-${digest}`} type="checkbox" name="referrers" value="1" />
          <label for={`referrers-${digest}`}>
            Also delete signatures, SBOMs and attestations ({referrers.length}), for all images here
          </label>
        </p>
      )}
      <p>
        In a terminal:{' '}
        <Copy text={`regctl delete ${force}${repository}${ref}`} label="the command" />
      </p>
    </fieldset>
  );
};

/** Shows what became of each image or tag. */
export const DeletedPage: FC<{ repository: string; removals: readonly Removal[] }> = ({
  repository,
  removals,
}) => (
  <Page title="Deleted" trail={[...trailOfRepository(repository), { text: 'Deleted' }]}>
    <h1>
      {removals.every(({ error }) => error === undefined) ? 'Deleted' : 'Not all was deleted'}
    </h1>
    <ul>
      {removals.map(({ name, error }) => (
        <li>
          {visible(name)} {error === undefined ? 'was deleted' : 'was not deleted'}
          {error === undefined ? null : <Problem error={error} />}
        </li>
      ))}
    </ul>
    <p>
      <a href={tagsPath(repository)}>Back to the tags</a>
    </p>
  </Page>
);
