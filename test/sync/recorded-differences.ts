/** Where regctl does otherwise than the recording, and why. */
export interface Difference {
  readonly why: string;
  /** Of each run. */
  readonly exit?: readonly number[];
  /** Contents are not as recorded. */
  readonly contents?: 'other';
}

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'regsync-041': {
    why: 'of two images for windows/amd64, regctl takes the first of the index, in every command, and says so',
    contents: 'other',
  },
  'regsync-045': {
    why: 'regctl finds a platform in a nested index',
    exit: [0],
    contents: 'other',
  },
  'skopeo-042': {
    why: 'a converted manifest is written by another program, so it has other bytes',
    contents: 'other',
  },
  'skopeo-043': {
    why: 'what --preserve-digests refuses is a failure; skopeo writes the image as it is and says nothing',
    exit: [0, 3],
    contents: 'other',
  },
  'skopeo-071': {
    why: 'a loopback host may speak HTTP unless the command line says otherwise',
    exit: [0],
    contents: 'other',
  },
};
