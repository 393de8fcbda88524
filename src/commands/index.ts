import type { CommandSpec } from './types.ts';
import { artifactAttachSpec } from './artifact/attach-spec.ts';
import { artifactGetSpec } from './artifact/get-spec.ts';
import { artifactPullSpec } from './artifact/pull-spec.ts';
import { artifactPushSpec } from './artifact/push-spec.ts';
import { attestSpec } from './attest/spec.ts';
import { blobSpec } from './blob/spec.ts';
import { blobCopySpec } from './blob-copy/spec.ts';
import { blobPutSpec } from './blob-put/spec.ts';
import { catSpec } from './cat/spec.ts';
import { catalogSpec } from './catalog/spec.ts';
import { completionSpec } from './completion/spec.ts';
import { configSpec } from './config/spec.ts';
import { copySpec } from './copy/spec.ts';
import { deleteSpec } from './delete/spec.ts';
import { diffSpec } from './diff/spec.ts';
import { digestSpec } from './digest/spec.ts';
import { doctorSpec } from './doctor/spec.ts';
import { exportSpec } from './export/spec.ts';
import { filesSpec } from './files/spec.ts';
import { indexAddSpec, indexAnnotateSpec, indexRemoveSpec } from './index/change-spec.ts';
import { indexCreateSpec } from './index/create-spec.ts';
import { inspectSpec } from './inspect/spec.ts';
import { keyGenerateSpec } from './key-generate/spec.ts';
import { listTagsSpec } from './tags/list-tags-spec.ts';
import { loadSpec } from './load/spec.ts';
import { loginSpec } from './login/spec.ts';
import { logoutSpec } from './logout/spec.ts';
import { manifestDigestSpec } from './manifest-digest/spec.ts';
import { manifestPutSpec } from './manifest-put/spec.ts';
import { manifestSpec } from './manifest/spec.ts';
import { mutateSpec } from './mutate/spec.ts';
import { outdatedSpec } from './outdated/spec.ts';
import { pruneSpec } from './prune/spec.ts';
import { rateLimitSpec } from './rate-limit/spec.ts';
import { pullSpec } from './pull/spec.ts';
import { pushSpec } from './push/spec.ts';
import { referrersRepairSpec } from './referrers/repair-spec.ts';
import { referrersSpec } from './referrers/spec.ts';
import { registryConfigSpec } from './registry-config/spec.ts';
import { registrySetSpec } from './registry-set/spec.ts';
import { saveSpec } from './save/spec.ts';
import { searchSpec } from './search/spec.ts';
import { serveSpec } from './serve/spec.ts';
import { signSpec } from './sign/spec.ts';
import { syncSpec } from './sync/spec.ts';
import { tagSpec } from './tag/spec.ts';
import { tagsSpec } from './tags/spec.ts';
import { uiSpec } from './ui/spec.ts';
import { versionSpec } from './version/spec.ts';
import { validateSpec } from './validate/spec.ts';
import { verifySpec } from './verify/spec.ts';

/** A heading of the help page and its commands. */
export interface CommandGroup {
  readonly heading: string;
  readonly commands: readonly CommandSpec[];
}

/** All commands in the order of the help page; only data, so that it loads fast. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    heading: 'Inspect',
    commands: [
      tagsSpec,
      listTagsSpec,
      inspectSpec,
      filesSpec,
      catSpec,
      exportSpec,
      diffSpec,
      validateSpec,
      outdatedSpec,
      catalogSpec,
      searchSpec,
      uiSpec,
    ],
  },
  {
    heading: 'Copy and delete',
    commands: [
      copySpec,
      syncSpec,
      pullSpec,
      pushSpec,
      saveSpec,
      loadSpec,
      tagSpec,
      deleteSpec,
      pruneSpec,
    ],
  },
  {
    heading: 'Artifacts and signatures',
    commands: [
      artifactPushSpec,
      artifactPullSpec,
      artifactAttachSpec,
      artifactGetSpec,
      referrersSpec,
      referrersRepairSpec,
      verifySpec,
      signSpec,
      attestSpec,
      keyGenerateSpec,
    ],
  },
  {
    heading: 'Change',
    commands: [mutateSpec, indexCreateSpec, indexAddSpec, indexRemoveSpec, indexAnnotateSpec],
  },
  {
    heading: 'Login and limits',
    commands: [
      loginSpec,
      logoutSpec,
      rateLimitSpec,
      doctorSpec,
      registrySetSpec,
      registryConfigSpec,
    ],
  },
  {
    heading: 'Manifests and blobs',
    commands: [
      digestSpec,
      manifestSpec,
      manifestPutSpec,
      configSpec,
      blobSpec,
      blobPutSpec,
      blobCopySpec,
      manifestDigestSpec,
    ],
  },
  { heading: 'Embedded registry', commands: [serveSpec] },
  { heading: 'This program', commands: [completionSpec, versionSpec] },
];

export const COMMANDS: readonly CommandSpec[] = COMMAND_GROUPS.flatMap((group) => group.commands);
