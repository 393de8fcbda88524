import { copyImage } from '../../copy/copy-image.ts';
import { AppError } from '../../errors/app-error.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Goal } from '../../retention/goal.ts';
import { Graph } from '../../retention/graph.ts';
import type { RepositoryFacts } from '../../retention/types.ts';
import type { ReadStore } from '../../store/types.ts';
import type { Location } from '../../transports/types.ts';
import type { CallOptions } from '../../util/abort.ts';
import { writeNamedFile } from '../output/named-file.ts';
import type { Context } from '../context.ts';

/** An image to delete, and its tag in the backup. */
interface Saved {
  readonly digest: Digest;
  readonly tag: string | undefined;
}

/** The images to save: everything else to delete is below them or refers to them. */
function rootsOf(facts: RepositoryFacts, goal: Goal): readonly Saved[] {
  const graph = new Graph(facts);
  const going = [...goal.manifests].filter((digest) => graph.manifests.has(digest));
  const tagsOf = new Map<Digest, string[]>();
  for (const [tag, digest] of graph.tags) tagsOf.set(digest, [...(tagsOf.get(digest) ?? []), tag]);
  return going.flatMap((digest): Saved[] => {
    const tags = tagsOf.get(digest) ?? [];
    if (tags.length > 0) return tags.map((tag) => ({ digest, tag }));
    const above = [...graph.parentsOf(digest), ...graph.subjectsOf(digest)];
    return above.some((one) => goal.manifests.has(one)) ? [] : [{ digest, tag: undefined }];
  });
}

/** @throws AppError USAGE unless it names an OCI layout */
export function locateBackup({ locate }: Pick<Context, 'locate'>, text: string): Location {
  const location = locate(text);
  if (location.scheme === 'oci' && location.ref === undefined) return location;
  throw new AppError('USAGE', `--backup takes an OCI layout, not "${text}"`, {
    hint: 'Write it as oci:DIR.',
  });
}

const nameIn = (repository: string, { tag, digest }: Saved): string =>
  tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;

/** Copies the images to delete and their referrers. @throws CopyError: nothing may be deleted */
export async function backUp(
  context: Pick<Context, 'openWrite' | 'flags' | 'emit'>,
  to: Location,
  from: { readonly store: ReadStore; readonly facts: RepositoryFacts; readonly goal: Goal },
  options: CallOptions,
): Promise<void> {
  const roots = rootsOf(from.facts, from.goal);
  if (roots.length === 0) return;
  await using destination = await context.openWrite(to, 'dest', options);
  for (const root of roots) {
    await copyImage({
      source: from.store,
      destination,
      sourceRef: root.digest,
      destinationTag: nameIn(from.facts.repository, root),
      referrers: true,
      concurrency: context.flags.concurrency,
      emit: () => undefined,
      signal: options.signal,
    });
  }
}

/** Lines of a shell script that undo a run: restores tags, and deleted images from the backup. */
export function undoLines(
  facts: RepositoryFacts,
  goal: Goal,
  backup: Location | undefined,
): readonly string[] {
  const { repository } = facts;
  const again = [...goal.tags]
    .filter(([, digest]) => !goal.manifests.has(digest))
    .map(
      ([tag, digest]) =>
        `regctl copy ${quote(`${repository}@${digest}`)} ${quote(`${repository}:${tag}`)}`,
    );
  const gone = rootsOf(facts, goal).map((root) => {
    const name = nameIn(repository, root);
    if (backup === undefined)
      return `# ${name} ${root.digest} cannot come back: there is no --backup`;
    const target = root.tag === undefined ? `${repository}:restored` : name;
    return `regctl copy --referrers ${quote(`oci:${backup.name}:${name}`)} ${quote(target)}`;
  });
  return [...again, ...gone];
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** @throws AppError IO */
export async function writeUndoScript(path: string, lines: readonly string[]): Promise<void> {
  const text = ['#!/bin/sh', 'set -e', ...lines, ''].join('\n');
  await writeNamedFile(path, text, { mode: 0o755 });
}
