import type { FC } from 'hono/jsx';
import { labelOf } from '../../artifact/referrers/summary.ts';
import type { ReferrerNode, ReferrerTree, SubjectNode } from '../../artifact/referrers/tree.ts';
import { buildTime } from '../../oci/created.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { contentPath } from '../links.ts';
import { Page, trailOfImage } from './layout.tsx';
import { Age, ShortDigest, visible } from './widgets.tsx';

export interface ReferrersProps {
  readonly image: string;
  readonly repository: string;
  readonly tree: ReferrerTree;
  readonly now: Date;
  readonly requests: number;
}

export const ReferrersPage: FC<ReferrersProps> = ({ image, repository, tree, now, requests }) => (
  <Page
    title={`Proofs of ${image}`}
    trail={trailOfImage(image, repository, 'Proofs')}
    command={`regctl referrers ${image}`}
    requests={requests}
  >
    <h1>Proofs of {visible(image)}</h1>
    <div id="results">
      <p class="notice">
        This is what was attached, by whomever. Nothing here is verified: regctl verify checks
        signatures.
      </p>
      <Subject subject={tree.root} repository={repository} now={now} />
      {tree.unread === 0 ? null : (
        <p>{tree.unread} more are attached; their types were not read.</p>
      )}
    </div>
  </Page>
);

interface SubjectProps {
  readonly subject: SubjectNode;
  readonly repository: string;
  readonly now: Date;
}

const Subject: FC<SubjectProps> = ({ subject, repository, now }) => {
  const children = subject.children.filter(hasReferrers);
  if (subject.referrers.length === 0 && children.length === 0) return <p>Nothing is attached.</p>;
  return (
    <>
      <Nodes nodes={subject.referrers} repository={repository} now={now} />
      {children.map((child) => (
        <>
          <h3>
            {visible(child.platform ? formatPlatform(child.platform) : child.descriptor.digest)}
          </h3>
          <Subject subject={child} repository={repository} now={now} />
        </>
      ))}
    </>
  );
};

function hasReferrers({ referrers, children }: SubjectNode): boolean {
  return referrers.length > 0 || children.some(hasReferrers);
}

const Nodes: FC<{ nodes: readonly ReferrerNode[]; repository: string; now: Date }> = ({
  nodes,
  repository,
  now,
}) => (
  <ul class="referrers">
    {nodes.map((node) => (
      <li>
        <strong>{visible(labelOf(node))}</strong> <ShortDigest digest={node.descriptor.digest} />{' '}
        <Age time={buildTime(node.created)} now={now} />
        <span class="contents">
          {(node.contents ?? [undefined]).map((content, i) => (
            <a href={contentPath(repository, node.descriptor.digest, i)}>
              Show {visible(content?.title ?? content?.kind ?? 'its content')}
            </a>
          ))}
        </span>
        {node.referrers.length === 0 ? null : (
          <Nodes nodes={node.referrers} repository={repository} now={now} />
        )}
      </li>
    ))}
  </ul>
);
