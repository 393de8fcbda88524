import type { FC } from 'hono/jsx';
import type { FileRow, FilesPage as Data, FilesQuery } from '../data/files.ts';
import { filesPath } from '../links.ts';
import { Page, trailOfImage } from './layout.tsx';
import { Pager, Size, visible } from './widgets.tsx';

export interface FilesProps {
  readonly image: string;
  readonly repository: string;
  /** Digest of the platform's image, if one was chosen. */
  readonly child: string | undefined;
  readonly query: FilesQuery;
  readonly data: Data;
  readonly requests: number;
}

export const FilesPage: FC<FilesProps> = (props) => {
  const { image, repository, child, query, data, requests } = props;
  const { layer, filter } = query;
  const here = { child, layer, filter };
  return (
    <Page
      title={`Files of ${image}`}
      trail={trailOfImage(image, repository, 'Files')}
      command={`regctl files --long${layer === undefined ? '' : ` --layer ${layer}`} ${image}`}
      requests={requests}
    >
      <h1>
        Files {layer === undefined ? '' : `of layer ${layer + 1}`}{' '}
        <span class="count">{data.total}</span>
      </h1>
      <form method="get" action="/files" class="filter" data-live>
        <input type="hidden" name="image" value={image} />
        {child === undefined ? null : <input type="hidden" name="child" value={child} />}
        <label for="filter">Filter</label>
        <input id="filter" name="filter" type="search" value={filter} placeholder="/etc/*" />
        <label for="layer">Show</label>
        <select id="layer" name="layer">
          <option value="">what a container sees</option>
          {data.layers.map((_, i) => (
            <option value={i} selected={i === layer}>
              layer {i + 1} as stored
            </option>
          ))}
        </select>
        <button type="submit">Apply</button>
      </form>
      <div id="results" aria-live="polite">
        <p class="count-line">
          {data.matching} of {data.total} files, <Size bytes={data.bytes} />
        </p>
        <table class="list files">
          <thead>
            <tr>
              <th scope="col">Path</th>
              <th scope="col">Type</th>
              <th scope="col">Mode</th>
              <th scope="col">Size</th>
              <th scope="col">Layer</th>
            </tr>
          </thead>
          <tbody>
            {data.rows.map((row) => (
              <Row row={row} />
            ))}
          </tbody>
        </table>
        <Pager
          page={data.page}
          pages={data.pages}
          href={(page) => filesPath(image, { ...here, page })}
        />
      </div>
    </Page>
  );
};

const Row: FC<{ row: FileRow }> = ({ row }) => (
  <tr>
    <th scope="row" data-label="Path">
      <code>
        {visible(row.path)}
        {row.target === undefined ? null : ` → ${visible(row.target)}`}
      </code>
    </th>
    <td data-label="Type">{row.type}</td>
    <td data-label="Mode">
      <code>{row.mode.toString(8).padStart(4, '0')}</code>
    </td>
    <td data-label="Size">
      <Size bytes={row.size} />
    </td>
    <td data-label="Layer">{row.layer === undefined ? '–' : row.layer + 1}</td>
  </tr>
);
