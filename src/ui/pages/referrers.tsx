import type { FC } from 'hono/jsx';
import { labelOf } from '../../artifact/referrers/summary.ts';
import type { ReferrerNode, ReferrerTree, SubjectNode } from '../../artifact/referrers/tree.ts';
import { buildTime } from '../../oci/created.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Verdict } from '../../signing/types.ts';
import type { Verified } from '../data/proofs.ts';
import { contentPath } from '../links.ts';
import { Problem } from './problem.tsx';
import { Page, trailOfImage } from './layout.tsx';
import { Age, ShortDigest, visible } from './widgets.tsx';

export interface ReferrersProps {
  readonly image: string;
  readonly repository: string;
  readonly tree: ReferrerTree;
  readonly verified: Verified;
  readonly now: Date;
  readonly requests: number;
}

export const ReferrersPage: FC<ReferrersProps> = ({
  image,
  repository,
  tree,
  verified,
  now,
  requests,
}) => (
  <Page
    title={`Proofs of ${image}`}
    trail={trailOfImage(image, repository, 'Proofs')}
    command={`regctl referrers ${image}`}
    requests={requests}
  >
    <h1>Proofs of {visible(image)}</h1>
    <div id="results">
      <Checked verified={verified} />
      <Subject
        subject={tree.root}
        repository={repository}
        now={now}
        verdicts={verified.kind === 'accepted' ? verified.verdicts : []}
      />
      {tree.unread === 0 ? null : (
        <p>{tree.unread} more are attached; their types were not read.</p>
      )}
    </div>
  </Page>
);

/** What the keys or the policy say about the image. */
const Checked: FC<{ verified: Verified }> = ({ verified }) => {
  switch (verified.kind) {
    case 'unchecked':
      return (
        <p class="notice">
          Anyone who can push may have attached this. No signature was checked: start{' '}
          <code>regctl ui</code> with <code>--verify-key FILE</code> or <code>--policy FILE</code>.
        </p>
      );
    case 'unsigned':
      return <p class="notice">The policy accepts this image without a signature.</p>;
    case 'accepted':
      return <p class="notice">✔ A signature of this image counts: see below.</p>;
    case 'rejected':
      return <Problem error={verified.error} />;
  }
};

interface SubjectProps {
  readonly verdicts: readonly Verdict[];
  readonly subject: SubjectNode;
  readonly repository: string;
  readonly now: Date;
}

const Subject: FC<SubjectProps> = ({ subject, repository, now, verdicts }) => {
  const children = subject.children.filter(hasReferrers);
  if (subject.referrers.length === 0 && children.length === 0) return <p>Nothing is attached.</p>;
  return (
    <>
      <Nodes nodes={subject.referrers} repository={repository} now={now} verdicts={verdicts} />
      {children.map((child) => (
        <>
          <h3>
            {visible(child.platform ? formatPlatform(child.platform) : child.descriptor.digest)}
          </h3>
          <Subject subject={child} repository={repository} now={now} verdicts={verdicts} />
        </>
      ))}
    </>
  );
};

function hasReferrers({ referrers, children }: SubjectNode): boolean {
  return referrers.length > 0 || children.some(hasReferrers);
}

/** Who signed, or why it does not count. */
function verdictWords(verdicts: readonly Verdict[], digest: Digest): string {
  const of = verdicts.filter((one) => one.digest === digest);
  const good = of.find(({ reason }) => reason === undefined);
  if (good !== undefined) return `✔ checked, by ${visible(good.signer?.name ?? '')}`;
  const [bad] = of;
  return bad === undefined ? '' : `does not count: ${visible(bad.reason ?? '')}`;
}

interface NodesProps extends Omit<SubjectProps, 'subject'> {
  readonly nodes: readonly ReferrerNode[];
}

const Nodes: FC<NodesProps> = ({ nodes, repository, now, verdicts }) => (
  <ul class="referrers">
    {nodes.map((node) => (
      <li>
        <strong>{visible(labelOf(node))}</strong> <ShortDigest digest={node.descriptor.digest} />{' '}
        <Age time={buildTime(node.created)} now={now} />{' '}
        <span class="verdict">{verdictWords(verdicts, node.descriptor.digest)}</span>
        <span class="contents">
          {(node.contents ?? [undefined]).map((content, i) => (
            <a href={contentPath(repository, node.descriptor.digest, i)}>
              Show {visible(content?.title ?? content?.kind ?? 'its content')}
            </a>
          ))}
        </span>
        {node.referrers.length === 0 ? null : (
          <Nodes nodes={node.referrers} repository={repository} now={now} verdicts={verdicts} />
        )}
      </li>
    ))}
  </ul>
);
