import type { FC } from 'hono/jsx';
import type { LayerStep } from '../../image/history.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { Bar, ShortDigest, Size, Value, visible } from './widgets.tsx';

const TITLE = 'org.opencontainers.image.title';

export interface LayersProps {
  readonly steps: readonly LayerStep[];
  /** The page of the files of a layer, counted from 0; `undefined`: it has none. */
  readonly filesOf: (layer: number) => string | undefined;
}

/** Layers as bars with the steps that made them; steps without a layer are dimmed. */
export const Layers: FC<LayersProps> = ({ steps, filesOf }) => {
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
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

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
