import type { FC } from 'hono/jsx';
import type { TagRow as Row } from '../data/tag-rows.ts';
import type { ManifestFacts } from '../data/facts.ts';
import { copyLine, imageName, imagePath, rowPath, type CopyKind } from '../links.ts';
import { proofWords } from '../data/proofs.ts';
import { Age, Bar, ShortDigest, Size, visible } from './widgets.tsx';

export interface TagRowProps {
  readonly repository: string;
  readonly row: Row;
  /** Bytes of a full bar. */
  readonly largest: number;
  readonly now: Date;
  /** Whether script may read what is missing. */
  readonly fills: boolean;
  /** What the button of the row copies. */
  readonly copy: CopyKind;
}

export const TagRow: FC<TagRowProps> = (props) => {
  const { repository, row, largest, now, fills, copy } = props;
  const { tags, digest, facts, problem } = row;
  const first = tags[0] ?? digest ?? '';
  const incomplete = fills && problem === undefined && !isComplete(facts);
  return (
    <tr
      data-fill={
        incomplete ? rowPath(repository, digest, tags, { attached: row.attached, copy }) : undefined
      }
    >
      <td class="choose">
        <input type="checkbox" name="tag" value={first} aria-label={`Choose ${visible(first)}`} />
      </td>
      <th scope="row" data-label="Tag">
        <ul class="tags">
          {tags.length === 0 ? (
            <li>
              <a href={imagePath(imageName(repository, first))}>no tag</a>
            </li>
          ) : null}
          {tags.map((tag) => (
            <li>
              <a href={imagePath(imageName(repository, tag))}>{visible(tag)}</a>
            </li>
          ))}
          <li class="copy">
            <button
              type="button"
              hidden
              data-copy={copyLine(copy, imageName(repository, first))}
              aria-label={`Copy the line for ${visible(first)}`}
            >
              Copy
            </button>
          </li>
        </ul>
      </th>
      {problem === undefined ? (
        <Facts facts={facts} largest={largest} now={now} />
      ) : (
        <td colspan={3} class="problem-text">
          {visible(problem)}
        </td>
      )}
      <td data-label="Digest">
        {digest === undefined ? <span class="none">–</span> : <ShortDigest digest={digest} />}
      </td>
      <td data-label="Proofs">{proofWords(facts, row.attached).join(', ') || '–'}</td>
    </tr>
  );
};

const isComplete = (facts: ManifestFacts | undefined): boolean =>
  facts?.complete === true && facts.referrers !== undefined;

const Facts: FC<{ facts: ManifestFacts | undefined; largest: number; now: Date }> = ({
  facts,
  largest,
  now,
}) => (
  <>
    <td data-label="Age">
      <Age time={facts?.created} now={now} />
    </td>
    <td data-label="Size" class="size">
      <Size bytes={facts?.size} />
      {facts?.size === undefined ? null : <Bar bytes={facts.size} largest={largest} />}
    </td>
    <td data-label="Platforms">{describeContent(facts)}</td>
  </>
);

/** Platforms without "linux/", or what else it is. */
function describeContent(facts: ManifestFacts | undefined): string {
  if (facts === undefined) return '–';
  if (facts.artifactType !== undefined) return visible(facts.artifactType);
  if (facts.kind === 'schema1') return 'Docker schema 1';
  return facts.platforms.map((name) => visible(name.replace(/^linux\//u, ''))).join(' ') || '–';
}
