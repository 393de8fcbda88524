import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AppError } from '../errors/app-error.ts';
import { isDigest } from '../oci/digest.ts';
import { isTag } from '../reference/names.ts';
import type { ReadStore } from '../store/types.ts';
import type { LookOptions } from '../retention/above.ts';
import { isOwnForm } from './access/headers.ts';
import type { Sessions } from './access/sessions.ts';
import { deleteConfirmed, planDeletion, untagConfirmed, type Confirmed } from './data/deletion.ts';
import { matchingTags } from './data/tags.ts';
import { sendPage, type UiEnv } from './html.tsx';
import { DeletedPage, DeletePage } from './pages/delete.tsx';
import { countRequests, registryLocation, signalOf, type PagesOptions } from './routes.tsx';

/** Tags that are deleted at a time: each is looked at by whoever confirms it. */
const MAX_CHOSEN = 100;

/** Longer forms name more images than a page can show. */
const MAX_FORM_BYTES = 1024 * 1024;

/** Adds the pages that delete. Each form repeats what its page showed, and a token. */
export function addDeletePages(
  app: Hono<UiEnv>,
  options: PagesOptions,
  sessions: Pick<Sessions, 'formToken' | 'isFormToken'>,
): void {
  const { sources, concurrency } = options;

  app.get('/delete', async (c) => {
    const location = registryLocation(options, c.req.query('repository') ?? '');
    const look = { concurrency, signal: signalOf(options, c) };
    const { data, requests } = await countRequests(sources, async () => {
      await using store = await sources.openRead(location, { ...look, forUpdate: true });
      return await planDeletion(store, await chosenRefs(store, c), look);
    });
    const token = sessions.formToken(c.get('session'));
    return sendPage(
      c,
      <DeletePage repository={location.name} plan={data} token={token} requests={requests} />,
    );
  });

  app.post('/delete', bodyLimit({ maxSize: MAX_FORM_BYTES, onError: refuseLength }), async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const isOwn = isOwnForm((name) => c.req.header(name));
    if (!isOwn || !sessions.isFormToken(c.get('session'), form.get('token') ?? '')) {
      throw new AppError('DECLINED', 'this form was not sent by a page of regctl ui', {
        hint: 'Nothing was deleted. Load the page again.',
      });
    }
    const location = registryLocation(options, form.get('repository') ?? '');
    const confirmed = readConfirmed(form);
    // A deletion that has begun is not left half done because its page was closed.
    const look: LookOptions = { concurrency, signal: options.signal };
    await using store: ReadStore = await sources.openRead(location, { ...look, forUpdate: true });
    const withReferrers = form.get('referrers') === '1';
    const removals =
      form.get('action') === 'untag'
        ? await untagConfirmed(store, confirmed, look)
        : await deleteConfirmed(store, confirmed, { ...look, withReferrers });
    return await sendPage(c, <DeletedPage repository={location.name} removals={removals} />);
  });
}

/**
 * The chosen tags and digests, or the tags that match the filter.
 * @throws AppError USAGE for none and for too many
 */
async function chosenRefs(store: ReadStore, c: Context): Promise<readonly string[]> {
  const filter = c.req.query('filter') ?? '';
  const chosen = c.req.queries('tag') ?? [];
  const refs =
    filter === '' || chosen.length > 0
      ? chosen.filter((ref) => isTag(ref) || isDigest(ref))
      : await matchingTags(store, filter, { signal: c.req.raw.signal });
  if (refs.length === 0) {
    throw new AppError('USAGE', 'no tag was chosen', { hint: 'Choose at least one tag.' });
  }
  if (refs.length > MAX_CHOSEN) {
    throw new AppError('USAGE', `${refs.length} tags are more than one page can delete`, {
      hint: `Choose at most ${MAX_CHOSEN}. To delete by rules, use regctl prune.`,
    });
  }
  return refs;
}

function refuseLength(): never {
  throw new AppError('USAGE', 'the form is too long', { hint: 'Choose fewer tags.' });
}

/** @throws AppError USAGE for a form that no page of ours has */
function readConfirmed(form: URLSearchParams): readonly Confirmed[] {
  const listOf = (name: string, digest: string): readonly string[] =>
    form
      .getAll(name)
      .map((value) => value.split(' '))
      .filter(([first]) => first === digest)
      .flatMap(([, ...rest]) => rest);
  const confirmed = form.getAll('item').flatMap((value) => {
    const [digest = '', ...tags] = value.split(' ');
    if (!isDigest(digest) || !tags.every((tag) => isTag(tag))) return [];
    return [{ digest, tags, siblings: listOf('also', digest), indexes: listOf('break', digest) }];
  });
  if (confirmed.length > 0) return confirmed;
  throw new AppError('USAGE', 'the form names no image', { hint: 'Choose at least one tag.' });
}
