import type { FC } from 'hono/jsx';
import type { Comparison, Difference } from '../data/compare.ts';
import type { ImageFacts } from '../data/image.ts';
import { formatSize } from '../../util/text/units.ts';
import { compareFilesPath, imagePath } from '../links.ts';
import { Page, trailOfImage } from './layout.tsx';
import { Problem } from './problem.tsx';
import { Bar, Section, ShortDigest, Size, visible } from './widgets.tsx';

export interface CompareProps {
  readonly repository: string;
  readonly names: readonly [string, string];
  readonly images: readonly [ImageFacts, ImageFacts];
  readonly data: Comparison;
  readonly requests: number;
}

export const ComparePage: FC<CompareProps> = ({ repository, names, images, data, requests }) => (
  <Page
    title={`${names[0]} and ${names[1]}`}
    trail={trailOfImage(names[0], repository, 'Compare')}
    command={`regctl diff --fast ${names[0]} ${names[1]}`}
    requests={requests}
  >
    <h1>Compare two images</h1>
    <dl class="facts">
      {names.map((name, i) => (
        <>
          <dt>{i === 0 ? 'First' : 'Second'}</dt>
          <dd>
            <a href={imagePath(name)}>{visible(name)}</a>{' '}
            <ShortDigest digest={images[i === 0 ? 0 : 1].root.digest} />
          </dd>
        </>
      ))}
    </dl>
    {images
      .flatMap(({ problems }) => problems)
      .map((error) => (
        <Problem error={error} />
      ))}
    {data.isSame ? <p class="notice">Both names point to the same image.</p> : null}
    <Differences id="platforms" title="Platforms" rows={data.platforms} />
    <Differences id="config" title="Configuration" rows={data.config} />
    <Differences id="environment" title="Environment" rows={data.environment} />
    <Differences id="labels" title="Labels" rows={data.labels} />
    <Differences id="annotations" title="Annotations" rows={data.annotations} />
    <Layers data={data} />
    <p>
      <a href={compareFilesPath(names[0], names[1])}>
        Compare the files: reads up to {formatSize(sizeOf(data))}
      </a>
    </p>
  </Page>
);

const sizeOf = ({ layers }: Comparison): number =>
  layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);

const Differences: FC<{ id: string; title: string; rows: readonly Difference[] }> = ({
  id,
  title,
  rows,
}) => (
  <Section id={id} title={title}>
    {rows.length === 0 ? (
      <p>No difference.</p>
    ) : (
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">First</th>
            <th scope="col">Second</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, values: [a, b] }) => (
            <tr>
              <th scope="row" data-label="Name">
                {visible(name)}
              </th>
              <td data-label="First">{a === undefined ? '–' : <code>{visible(a)}</code>}</td>
              <td data-label="Second">{b === undefined ? '–' : <code>{visible(b)}</code>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </Section>
);

const Layers: FC<{ data: Comparison }> = ({ data }) => {
  const largest = Math.max(1, ...data.layers.map(({ descriptor }) => descriptor.size));
  return (
    <Section id="layers" title="Layers">
      <p>
        Both have <Size bytes={data.sharedBytes} /> of layers in common.
      </p>
      <table class="list layers">
        <thead>
          <tr>
            <th scope="col">Size</th>
            <th scope="col">Digest</th>
            <th scope="col">In</th>
          </tr>
        </thead>
        <tbody>
          {data.layers.map(({ descriptor, inFirst, inSecond }) => (
            <tr>
              <td data-label="Size" class="size">
                <Size bytes={descriptor.size} />
                <Bar bytes={descriptor.size} largest={largest} />
              </td>
              <td data-label="Digest">
                <ShortDigest digest={descriptor.digest} />
              </td>
              <td data-label="In">{inFirst ? (inSecond ? 'both' : 'first') : 'second'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
};
