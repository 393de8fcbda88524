import type { FC } from 'hono/jsx';
import { SEVERITIES, type ScanReport } from '../../artifact/referrers/scan.ts';
import type { SbomPackage } from '../../artifact/sbom.ts';
import { safeText } from '../../errors/sanitize.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Content } from '../data/content.ts';
import { imageName } from '../links.ts';
import { Page, trailOfImage } from './layout.tsx';
import { Section, Size, visible } from './widgets.tsx';

export interface ContentProps {
  readonly repository: string;
  readonly digest: Digest;
  readonly data: Content;
  readonly requests: number;
}

/** Longer texts and tables are cut on the page; the command line prints them. */
const MAX_TEXT = 200_000;
const MAX_ROWS = 5_000;

export const ContentPage: FC<ContentProps> = ({ repository, digest, data, requests }) => (
  <Page
    title={data.title}
    trail={trailOfImage(imageName(repository, digest), repository, data.title)}
    command={`regctl manifest ${repository}@${digest}`}
    requests={requests}
  >
    <h1>{visible(data.title)}</h1>
    <p>
      {visible(data.type)}, <Size bytes={data.size} />. Not verified: regctl verify checks
      signatures.
    </p>
    {data.scan === undefined ? null : <Scan scan={data.scan} />}
    {data.packages === undefined ? null : <Packages packages={data.packages} />}
    <Section id="document" title="Document">
      {data.text === undefined ? (
        <p>It is no text.</p>
      ) : (
        <details open={data.scan === undefined && data.packages === undefined}>
          <summary>Text</summary>
          <pre tabindex={0}>{safeText(data.text.slice(0, MAX_TEXT), false)}</pre>
          {data.text.length > MAX_TEXT ? (
            <p>The rest is left out: it is too long for a page.</p>
          ) : null}
        </details>
      )}
    </Section>
  </Page>
);

const Scan: FC<{ scan: ScanReport }> = ({ scan }) => {
  const { findings, scanner } = scan;
  const counts = SEVERITIES.map((severity) => {
    const count = findings.filter((one) => one.severity === severity).length;
    return `${count} ${severity}`;
  });
  return (
    <Section id="findings" title={`Findings (${findings.length})`}>
      <p>
        {visible(scanner)}: {counts.join(', ')}
      </p>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Severity</th>
            <th scope="col">Vulnerability</th>
            <th scope="col">Package</th>
            <th scope="col">Fixed in</th>
          </tr>
        </thead>
        <tbody>
          {findings.slice(0, MAX_ROWS).map((one) => (
            <tr>
              <td data-label="Severity">{one.severity}</td>
              <th scope="row" data-label="Vulnerability">
                {visible(one.id)}
              </th>
              <td data-label="Package">{visible(one.where)}</td>
              <td data-label="Fixed in">{visible(one.fixedIn) || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
};

const Packages: FC<{ packages: readonly SbomPackage[] }> = ({ packages }) => (
  <Section id="packages" title={`Packages (${packages.length})`}>
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Package</th>
          <th scope="col">Version</th>
          <th scope="col">Type</th>
          <th scope="col">License</th>
        </tr>
      </thead>
      <tbody>
        {packages.slice(0, MAX_ROWS).map((one) => (
          <tr>
            <th scope="row" data-label="Package">
              {visible(one.name)}
            </th>
            <td data-label="Version">{visible(one.version) || '–'}</td>
            <td data-label="Type">{visible(one.type) || '–'}</td>
            <td data-label="License">{visible(one.license) || '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
    {packages.length > MAX_ROWS ? <p>Only the first {MAX_ROWS} are shown.</p> : null}
  </Section>
);
