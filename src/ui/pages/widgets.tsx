import type { Child, FC } from 'hono/jsx';
import { sanitize } from '../../errors/sanitize.ts';
import { hexOf, type Digest } from '../../oci/digest.ts';
import { formatAge, formatSize } from '../../util/text/units.ts';
import { webLink } from '../links.ts';

/** Longer remote texts are cut. */
const MAX_TEXT = 4_000;

/** A remote text in one line; control and bidirectional characters become visible codes. */
export function visible(text: string, max: number = MAX_TEXT): string {
  const safe = sanitize(text.slice(0, max));
  return text.length > max ? `${safe}… (${text.length - max} more characters)` : safe;
}

/** A remote value: a link if it is a web address, else text. */
export const Value: FC<{ text: string }> = ({ text }) => {
  const href = webLink(text);
  return href === undefined ? (
    <span class="value">{visible(text)}</span>
  ) : (
    <a class="value" href={href} rel="noreferrer noopener">
      {visible(text)}
    </a>
  );
};

/** A text to copy: selectable without script, with a button where script runs. */
export const Copy: FC<{ text: string; label: string; shown?: string }> = ({
  text,
  label,
  shown,
}) => (
  <span class="copy">
    <code title={shown === undefined ? undefined : visible(text)}>{shown ?? visible(text)}</code>
    <button type="button" hidden data-copy={text} aria-label={`Copy ${label}`}>
      Copy
    </button>
  </span>
);

const GLYPHS = ['●', '■', '▲', '◆', '★', '▼', '◐', '✚'];

/** A digest in short form; the same digest has the same glyph and color everywhere. */
export const ShortDigest: FC<{ digest: Digest }> = ({ digest }) => {
  const hex = hexOf(digest);
  const number = Number.parseInt(hex.slice(0, 6), 16);
  return (
    <span class="digest">
      <span class={`mark mark-${number % 8}`} aria-hidden="true">
        {GLYPHS[Math.floor(number / 8) % GLYPHS.length]}
      </span>{' '}
      <Copy text={digest} shown={hex.slice(0, 12)} label={`digest ${hex.slice(0, 12)}`} />
    </span>
  );
};

/** Bytes as a bar next to the largest; the number stands next to it as text. */
export const Bar: FC<{ bytes: number; largest: number }> = ({ bytes, largest }) => (
  <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="8" />
    <rect data-bytes={bytes} width={barWidth(bytes, largest).toFixed(1)} height="8" />
  </svg>
);

/** In percent; only 0 bytes have no width. */
function barWidth(bytes: number, largest: number): number {
  return bytes === 0 ? 0 : Math.max(1, Math.min(100, (100 * bytes) / Math.max(1, largest)));
}

export const Age: FC<{ time: number | undefined; now: Date }> = ({ time, now }) =>
  time === undefined ? (
    <span class="none">–</span>
  ) : (
    <time datetime={new Date(time).toISOString()} title={new Date(time).toISOString()}>
      {formatAge(time, now)}
    </time>
  );

export const Size: FC<{ bytes: number | undefined }> = ({ bytes }) =>
  bytes === undefined ? (
    <span class="none">–</span>
  ) : (
    <span title={`${bytes} bytes`}>{formatSize(bytes)}</span>
  );

export const Section: FC<{ id: string; title: string; children?: Child }> = ({
  id,
  title,
  children,
}) => (
  <section aria-labelledby={id}>
    <h2 id={id}>{title}</h2>
    {children}
  </section>
);

/** Names and remote values; nothing without any. */
export const Pairs: FC<{
  id: string;
  title: string;
  pairs: readonly (readonly [string, string])[];
}> = ({ id, title, pairs }) =>
  pairs.length === 0 ? (
    <></>
  ) : (
    <Section id={id} title={title}>
      <table class="pairs">
        <tbody>
          {pairs.map(([name, value]) => (
            <tr>
              <th scope="row">{visible(name)}</th>
              <td>
                <Value text={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );

/** Links to the pages of a list, with `href` for a number from 1. */
export const Pager: FC<{ page: number; pages: number; href: (page: number) => string }> = ({
  page,
  pages,
  href,
}) =>
  pages < 2 ? (
    <></>
  ) : (
    <nav class="pager" aria-label="Pages">
      {page > 1 ? (
        <a href={href(page - 1)} rel="prev">
          ‹ Previous
        </a>
      ) : null}
      <span>
        Page {page} of {pages}
      </span>
      {page < pages ? (
        <a href={href(page + 1)} rel="next">
          Next ›
        </a>
      ) : null}
    </nav>
  );
