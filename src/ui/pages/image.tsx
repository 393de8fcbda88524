import type { FC } from 'hono/jsx';
import { configPlatform } from '../../image/config.ts';
import { layerSteps } from '../../image/history.ts';
import { buildTime } from '../../oci/created.ts';
import type { ImageManifest, Manifest } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { formatSize } from '../../util/text/units.ts';
import type { ImageFacts } from '../data/image.ts';
import { copyLine, deletePath, filesPath, imageName, imagePath, referrersPath } from '../links.ts';
import type { SharedLayers } from '../data/shared-layers.ts';
import type { TagMove } from '../data/visits.ts';
import { Configuration, History, Raw } from './configuration.tsx';
import { Page, trailOfRepository } from './layout.tsx';
import { Layers, SharedNote } from './layers.tsx';
import { Problem } from './problem.tsx';
import { Age, Copy, Pairs, Section, ShortDigest, Size, visible } from './widgets.tsx';

export interface ImageProps {
  /** As in the address: "ghcr.io/o/app:1.2". */
  readonly image: string;
  readonly repository: string;
  readonly data: ImageFacts;
  /** Other tags with its layers, if they were asked for. */
  readonly shared: SharedLayers | undefined;
  /** What the tag was seen to point to, the last first. */
  readonly history: readonly TagMove[];
  /** Tags of the image, as far as they are known without a request. */
  readonly tags: readonly string[];
  readonly now: Date;
  readonly requests: number;
  readonly allowDelete: boolean;
  /** Reading manifests counts as pulls. */
  readonly isMetered: boolean;
}

export const ImagePage: FC<ImageProps> = (props) => {
  const { image, repository, data, shared, history, tags, now, requests } = props;
  const { allowDelete, isMetered } = props;
  const { config, manifest, rootManifest, root, shown } = data;
  const child = shown?.digest === root.digest ? undefined : shown?.digest;
  return (
    <Page
      title={image}
      trail={[...trailOfRepository(repository), { text: image.slice(repository.length + 1) }]}
      command={`regctl inspect -o text ${image}`}
      requests={requests}
    >
      <h1>{visible(image)}</h1>
      {data.problems.map((error) => (
        <Problem error={error} />
      ))}
      {isMetered ? (
        <p class="notice">
          Docker Hub counted this page as {data.images.length === 0 ? '1 pull' : '2 pulls'}.
        </p>
      ) : null}
      <Header data={data} now={now} />
      {tags.length === 0 ? null : (
        <p>
          Tags when they were listed:{' '}
          {tags.map((tag, i) => (
            <>
              {i === 0 ? '' : ', '}
              <a href={imagePath(imageName(repository, tag))}>{visible(tag)}</a>
            </>
          ))}
        </p>
      )}
      <PullLines image={image} digest={data.root.digest} repository={repository} />
      {data.images.length === 0 ? null : <Platforms image={image} data={data} />}
      {manifest?.kind === 'image' ? (
        <Section id="layers" title={`Layers (${manifest.layers.length})`}>
          <Layers
            steps={layerSteps(manifest.layers, config?.history ?? [])}
            filesOf={(layer) =>
              config === undefined ? undefined : filesPath(image, { child, layer })
            }
            shared={shared}
          />
          {config === undefined || isMetered ? null : (
            <SharedNote image={image} child={child} shared={shared} />
          )}
          {config === undefined ? null : (
            <p>
              <a href={filesPath(image, { child })}>
                All files of the image: reads {formatSize(sizeOf(manifest))}
              </a>
            </p>
          )}
        </Section>
      ) : null}
      <Section id="proofs" title="Proofs">
        <div data-load={isMetered ? undefined : referrersPath(image, child)}>
          <a href={referrersPath(image, child)}>Find signatures, SBOMs and scan reports</a>
        </div>
      </Section>
      <History repository={repository} moves={history} now={now} />
      {config === undefined ? null : <Configuration config={config} />}
      <Pairs
        id="annotations"
        title="Annotations"
        pairs={Object.entries({ ...rootManifest.annotations, ...manifest?.annotations })}
      />
      <Raw data={data} />
      {allowDelete ? (
        <p class="actions">
          <a href={deletePath(repository, { tag: refOf(image, repository) })}>Delete this image…</a>
        </p>
      ) : null}
    </Page>
  );
};

/** Tag or digest, the digest if both are written. */
function refOf(image: string, repository: string): string {
  const suffix = image.slice(repository.length + 1);
  return suffix.slice(suffix.indexOf('@') + 1);
}

const Header: FC<{ data: ImageFacts; now: Date }> = ({ data, now }) => {
  const { root, rootManifest, shown, manifest, config } = data;
  const platform = config && configPlatform(config);
  return (
    <dl class="facts">
      <dt>{rootManifest.kind === 'index' ? 'Digest of the index' : 'Digest'}</dt>
      <dd>
        <Copy text={root.digest} label="the digest" />
      </dd>
      {shown === undefined || shown.digest === root.digest ? null : (
        <>
          <dt>Digest shown</dt>
          <dd>
            <Copy text={shown.digest} label="the digest of the platform" />
          </dd>
        </>
      )}
      <dt>Type</dt>
      <dd>{visible(artifactTypeOf(manifest) ?? root.mediaType)}</dd>
      {platform === undefined ? null : (
        <>
          <dt>Platform</dt>
          <dd>{visible(formatPlatform(platform))}</dd>
        </>
      )}
      <dt>Created</dt>
      <dd>
        <Age time={buildTime(config?.created)} now={now} />
      </dd>
      <dt>Size</dt>
      <dd>
        <Size bytes={manifest?.kind === 'image' ? sizeOf(manifest) : undefined} />
      </dd>
    </dl>
  );
};

const sizeOf = ({ config, layers }: ImageManifest): number =>
  layers.reduce((sum, { size }) => sum + size, config.size);

function artifactTypeOf(manifest: Manifest | undefined): string | undefined {
  if (manifest?.kind !== 'image') return undefined;
  const { artifactType, config } = manifest;
  return artifactType ?? (isImageConfigType(config.mediaType) ? undefined : config.mediaType);
}

const PullLines: FC<{ image: string; digest: string; repository: string }> = ({
  image,
  digest,
  repository,
}) => {
  const pinned = `${repository}@${digest}`;
  const lines: readonly (readonly [string, string])[] = [
    ['Docker', copyLine('docker', image)],
    ['Podman', copyLine('podman', image)],
    ['regctl', copyLine('regctl', image)],
    ['Docker, by digest', copyLine('docker', pinned)],
    ['Podman, by digest', copyLine('podman', pinned)],
    ['Name', image],
  ];
  return (
    <details class="pull">
      <summary>Pull and copy</summary>
      <dl class="facts">
        {lines.map(([name, line]) => (
          <>
            <dt>{name}</dt>
            <dd>
              <Copy text={line} label={`the line for ${name}`} />
            </dd>
          </>
        ))}
      </dl>
    </details>
  );
};

/** An index can list 30,000 manifests. */
const MAX_PLATFORMS = 500;

const Platforms: FC<{ image: string; data: ImageFacts }> = ({ image, data }) => (
  <Section id="platforms" title={`Platforms (${data.images.length})`}>
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Platform</th>
          <th scope="col">Digest</th>
        </tr>
      </thead>
      <tbody>
        {data.images.slice(0, MAX_PLATFORMS).map(({ descriptor, platform }) => {
          const name = platform === undefined ? descriptor.mediaType : formatPlatform(platform);
          const isShown = descriptor.digest === data.shown?.digest;
          return (
            <tr class={isShown ? 'shown' : undefined}>
              <th scope="row" data-label="Platform">
                <a
                  href={imagePath(image, { child: descriptor.digest })}
                  aria-current={isShown ? 'true' : undefined}
                >
                  {visible(name)}
                </a>
              </th>
              <td data-label="Digest">
                <ShortDigest digest={descriptor.digest} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
    {data.images.length > MAX_PLATFORMS ? <p>Only the first {MAX_PLATFORMS} are shown.</p> : null}
    {data.attestations.length === 0 ? null : (
      <p>
        The index also lists {data.attestations.length}{' '}
        {data.attestations.length === 1 ? 'attestation' : 'attestations'}.
      </p>
    )}
  </Section>
);
