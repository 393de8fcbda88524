import type { FC } from 'hono/jsx';
import type { Comparison } from '../../image/compare.ts';
import type { FileDifferences } from '../../image/files/compare-trees.ts';
import { displayed } from '../../image/tar/byte-text.ts';
import { Page, trailOfImage } from './layout.tsx';
import { Section, Size, visible } from './widgets.tsx';

export interface CompareFilesProps {
  readonly repository: string;
  readonly names: readonly [string, string];
  readonly data: Comparison;
  readonly requests: number;
}

/** Longer lists are cut on the page; the command line prints them whole. */
const MAX_ROWS = 2_000;

/** The files that differ between two images, by platform. */
export const CompareFilesPage: FC<CompareFilesProps> = ({ repository, names, data, requests }) => (
  <Page
    title={`Files of ${names[0]} and ${names[1]}`}
    trail={trailOfImage(names[0], repository, 'Compare files')}
    command={`regctl diff ${names[0]} ${names[1]}`}
    requests={requests}
  >
    <h1>Compare files</h1>
    <p>
      From {visible(names[0])} to {visible(names[1])}
    </p>
    {data.isEqual ? <p class="notice">Both names point to the same image.</p> : null}
    {data.platforms.map((one, i) =>
      one.only !== undefined ? (
        <p>
          {visible(one.platform)}: only in the {one.only === 'a' ? 'first' : 'second'} image
        </p>
      ) : (
        <Section id={`platform-${i}`} title={visible(one.platform)}>
          <Files files={one.files} />
        </Section>
      ),
    )}
  </Page>
);

const Files: FC<{ files: FileDifferences | undefined }> = ({ files }) => {
  const rows = rowsOf(files);
  if (rows.length === 0) return <p>No difference.</p>;
  return (
    <>
      <p class="count-line">
        {files?.added.length} added, {files?.gone.length} removed, {files?.changed.length} changed
      </p>
      <table class="list files">
        <thead>
          <tr>
            <th scope="col">Path</th>
            <th scope="col">Change</th>
            <th scope="col">First</th>
            <th scope="col">Second</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MAX_ROWS).map(({ path, change, sizes }) => (
            <tr>
              <th scope="row" data-label="Path">
                <code>{visible(`/${path}`)}</code>
              </th>
              <td data-label="Change">{change}</td>
              <td data-label="First">
                <Size bytes={sizes[0]} />
              </td>
              <td data-label="Second">
                <Size bytes={sizes[1]} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MAX_ROWS ? <p>Only the first {MAX_ROWS} are shown.</p> : null}
    </>
  );
};

interface Row {
  readonly path: string;
  readonly change: string;
  readonly sizes: readonly [number | undefined, number | undefined];
}

function rowsOf(files: FileDifferences | undefined): readonly Row[] {
  if (files === undefined) return [];
  const rows: readonly Row[] = [
    ...files.added.map(({ path, size }) => row(path, 'added', [undefined, size])),
    ...files.gone.map(({ path, size }) => row(path, 'removed', [size, undefined])),
    ...files.changed.map(({ path, what, size }) => row(path, what.join(', '), size)),
  ];
  return rows.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const row = (path: string, change: string, sizes: Row['sizes']): Row => ({
  path: displayed(path),
  change,
  sizes,
});
