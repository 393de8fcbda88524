import type { Missing, Verb } from '../../types.ts';
import { ARTIFACT_VERBS } from './artifacts.ts';
import { EDIT_VERBS } from './edits.ts';
import { IMAGE_VERBS } from './images.ts';
import { INDEX_VERBS } from './indexes.ts';
import { MANIFEST_VERBS } from './manifests.ts';
import { ref } from './ref.ts';
import { REGISTRY_VERBS } from './registries.ts';
import { REPOSITORY_VERBS } from './repositories.ts';

/** The nouns of regclient's `regctl`, each with its verbs. */
export const VERBS: readonly Verb[] = [
  ...IMAGE_VERBS,
  ...MANIFEST_VERBS,
  ...REPOSITORY_VERBS,
  ...REGISTRY_VERBS,
  ...ARTIFACT_VERBS,
  ...INDEX_VERBS,
  ...EDIT_VERBS,
  ref,
];

/** regclient's verbs that regctl lacks. */
export const MISSING: readonly Missing[] = [
  { words: 'blob delete', use: 'Registries delete unused blobs: regctl prune REPOSITORY' },
  { words: 'blob diff-config', use: 'Compare two images: regctl diff A B' },
  { words: 'blob diff-layer', use: 'Compare two images: regctl diff A B' },
  { words: 'blob get-file', use: 'A file of an image: regctl cat IMAGE PATH' },
  {
    words: 'config get',
    use: 'regctl has no settings of its own; registry config prints those of hosts.',
  },
  {
    words: 'config set',
    use: 'regctl has no settings of its own; registry set keeps those of hosts.',
  },
];
