import type { Members } from './strict-json.ts';

/** image-spec v1.1.1 image-layout.md, the file `oci-layout`. */
export const LAYOUT_MARKER: Members = { imageLayoutVersion: true };

/** Manifests and indexes of each kind (image-spec v1.1.1, Docker); descriptors check their own. */
export const MANIFEST: Members = {
  schemaVersion: true,
  mediaType: true,
  artifactType: true,
  manifests: true,
  subject: true,
  annotations: true,
  config: true,
  layers: true,
  fsLayers: true,
  history: true,
  signatures: true,
};

/** `manifest.json` of `docker save` (moby image/tarexport). */
export const DOCKER_ARCHIVE_ENTRY: Members = {
  Config: true,
  RepoTags: true,
  Layers: true,
  Parent: true,
  LayerSources: true,
};

/** image-spec v1.1.1 config.md and Docker's additions. */
export const IMAGE_CONFIG: Members = {
  created: true,
  author: true,
  architecture: true,
  os: true,
  variant: true,
  'os.version': true,
  'os.features': true,
  docker_version: true,
  config: {
    User: true,
    ExposedPorts: true,
    Env: true,
    Entrypoint: true,
    Cmd: true,
    Volumes: true,
    WorkingDir: true,
    Labels: true,
    StopSignal: true,
    Healthcheck: true,
    Shell: true,
    OnBuild: true,
  },
  rootfs: { type: true, diff_ids: true },
  history: { created: true, created_by: true, author: true, comment: true, empty_layer: true },
};

/** Members of other kinds: with one of them, readers disagree about the kind (CVE-2021-41190). */
const FOREIGN = {
  image: ['manifests', 'fsLayers', 'history', 'signatures'],
  index: ['config', 'layers', 'fsLayers', 'history', 'signatures'],
  schema1: ['config', 'layers', 'manifests'],
} as const;

const NAMES = {
  image: 'an image manifest',
  index: 'an index',
  schema1: 'a schema 1 manifest',
} as const;

/** Returns the rule that a manifest breaks if it is also one of another kind. */
export function ambiguousMember(body: object, kind: keyof typeof FOREIGN): string | undefined {
  const member = FOREIGN[kind].find((one) => one in body);
  return member === undefined ? undefined : `${NAMES[kind]} with "${member}" is ambiguous`;
}
