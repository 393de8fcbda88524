import type { FC } from 'hono/jsx';
import { safeText } from '../../errors/sanitize.ts';
import type { ImageConfig } from '../../image/config.ts';
import type { ImageFacts } from '../data/image.ts';
import type { TagMove } from '../data/visits.ts';
import { comparePath, imageName, imagePath } from '../links.ts';
import { Age, Pairs, Section, ShortDigest, Value } from './widgets.tsx';

/** What an image runs, and with which environment and labels. */
export const Configuration: FC<{ config: ImageConfig }> = ({ config }) => {
  const rows: readonly (readonly [string, string])[] = [
    ['Entrypoint', JSON.stringify(config.entrypoint)],
    ['Command', JSON.stringify(config.cmd)],
    ['User', config.user ?? ''],
    ['Working directory', config.workingDir ?? ''],
    ['Ports', config.exposedPorts.join(', ')],
    ['Volumes', config.volumes.join(', ')],
    ['Author', config.author ?? ''],
  ];
  return (
    <>
      <Section id="config" title="Configuration">
        <table class="pairs">
          <tbody>
            {rows
              .filter(([, value]) => value !== '' && value !== '[]')
              .map(([name, value]) => (
                <tr>
                  <th scope="row">{name}</th>
                  <td>
                    <Value text={value} />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </Section>
      <Pairs id="environment" title="Environment" pairs={config.env.map(splitPair)} />
      <Pairs id="labels" title="Labels" pairs={Object.entries(config.labels ?? {})} />
    </>
  );
};

function splitPair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Longer documents are cut on the page; the command line prints them whole. */
const MAX_RAW = 200_000;

/** The stored documents. */
export const Raw: FC<{ data: ImageFacts }> = ({ data }) => {
  const { rootManifest, manifest, config } = data;
  const documents: readonly (readonly [string, string])[] = [
    [rootManifest.kind === 'index' ? 'Index' : 'Manifest', textOf(rootManifest.raw)],
    ...(manifest === undefined || manifest === rootManifest
      ? []
      : [['Manifest of the platform', textOf(manifest.raw)] as const]),
    ...(config === undefined
      ? []
      : [['Configuration', JSON.stringify(config.json, undefined, 2)] as const]),
  ];
  return (
    <Section id="raw" title="Raw JSON">
      {documents.map(([name, text]) => (
        <details>
          <summary>{name}</summary>
          <pre tabindex={0}>{safeText(text.slice(0, MAX_RAW), false)}</pre>
          {text.length > MAX_RAW ? <p>The rest is left out: it is too long for a page.</p> : null}
        </details>
      ))}
    </Section>
  );
};

/** Indented if it is JSON that indenting does not change, else as stored. */
function textOf(raw: Uint8Array): string {
  const text = Buffer.from(raw).toString('utf8');
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

/** Only with more than one digest: a tag that has not moved has no history. */
export const History: FC<{ repository: string; moves: readonly TagMove[]; now: Date }> = ({
  repository,
  moves,
  now,
}) =>
  moves.length < 2 ? (
    <></>
  ) : (
    <Section id="history" title="History of the tag">
      <p>As these pages saw it: registries keep no history of tags.</p>
      <ul class="referrers">
        {moves.map(({ digest, first, last }, i) => (
          <li>
            <ShortDigest digest={digest} /> seen first <Age time={first} now={now} />
            {i === 0 ? '' : ', last '}
            {i === 0 ? null : <Age time={last} now={now} />}
            {i === 0 ? null : (
              <span class="contents">
                <a href={imagePath(imageName(repository, digest))}>Show</a>
                <a href={comparePath(repository, digest, moves[0]?.digest ?? digest)}>
                  Compare with the newest
                </a>
              </span>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
