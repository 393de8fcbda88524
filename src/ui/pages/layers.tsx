import type { FC } from 'hono/jsx';
import type { LayerStep } from '../../image/history.ts';
import { MAX_TAGS, type SharedLayers } from '../data/shared-layers.ts';
import { imagePath } from '../links.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { Bar, ShortDigest, Size, Value, visible } from './widgets.tsx';

const TITLE = 'org.opencontainers.image.title';

export interface LayersProps {
  readonly steps: readonly LayerStep[];
  /** The page of the files of a layer, counted from 0; `undefined`: it has none. */
  readonly filesOf: (layer: number) => string | undefined;
  /** Other tags with the layers, if they were read. */
  readonly shared?: SharedLayers | undefined;
}

/** Layers as bars with the steps that made them; steps without a layer are dimmed. */
export const Layers: FC<LayersProps> = ({ steps, filesOf, shared }) => {
  const order = steps.flatMap(({ layer }, i) => (layer === undefined ? [] : [i]));
  const largest = Math.max(1, ...steps.map(({ layer }) => layer?.size ?? 0));
  return (
    <table class="list layers">
      <thead>
        <tr>
          <th scope="col">Size</th>
          <th scope="col">Made by</th>
          <th scope="col">Digest</th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ layer, text }, i) => (
          <tr class={layer === undefined ? 'no-layer' : undefined}>
            <td data-label="Size" class="size">
              <Size bytes={layer?.size ?? 0} />
              {layer === undefined ? null : <Bar bytes={layer.size} largest={largest} />}
            </td>
            <td data-label="Made by">
              <Step text={text === '' ? titleOf(layer) : text} />
            </td>
            <td data-label="Digest">
              {layer === undefined ? (
                <span class="none">no layer</span>
              ) : (
                <>
                  <ShortDigest digest={layer.digest} />{' '}
                  <FilesLink href={filesOf(order.indexOf(i))} number={order.indexOf(i) + 1} />
                  <OtherTags tags={shared?.tagsOf.get(layer.digest) ?? []} />
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

const OtherTags: FC<{ tags: readonly string[] }> = ({ tags }) =>
  tags.length === 0 ? (
    <></>
  ) : (
    <details>
      <summary>
        in {tags.length} other {tags.length === 1 ? 'tag' : 'tags'} here
      </summary>
      <span class="value">{tags.map((tag) => visible(tag)).join(', ')}</span>
    </details>
  );

const FilesLink: FC<{ href: string | undefined; number: number }> = ({ href, number }) =>
  href === undefined ? (
    <></>
  ) : (
    <a href={href}>
      Files <span class="visually-hidden">of layer {number}</span>
    </a>
  );

/** The file of an artifact's layer, else its type. */
function titleOf(layer: Descriptor | undefined): string {
  return layer?.annotations?.[TITLE] ?? layer?.mediaType ?? '';
}

const SHORT = 120;

const Step: FC<{ text: string }> = ({ text }) =>
  text.length <= SHORT ? (
    <Value text={text} />
  ) : (
    <details>
      <summary>{visible(text.slice(0, SHORT), SHORT)}…</summary>
      <span class="value">{visible(text)}</span>
    </details>
  );

/** Finding other tags with the layers takes requests, so it is offered. */
export const SharedNote: FC<{
  image: string;
  child: string | undefined;
  shared: SharedLayers | undefined;
}> = ({ image, child, shared }) => (
  <p>
    {shared === undefined ? (
      <a href={`${imagePath(image, { child, shared: true })}#layers`}>
        Which other tags have these layers: up to {2 * MAX_TAGS + 1} requests
      </a>
    ) : (
      `${shared.read} of ${shared.total} tags were searched for these layers, other tags of this image left out.`
    )}
  </p>
);
