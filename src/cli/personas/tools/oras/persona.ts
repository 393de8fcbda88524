import { VERSION } from '../../../../client/version.ts';
import type { Persona } from '../../types.ts';
import { verbs } from './verbs.ts';

/** The version that this table describes. */
const ORAS = '1.3.6';

export const oras: Persona = {
  name: 'oras',
  version: `Version:        ${ORAS} (regctl ${VERSION})`,
  hasVersionVerb: true,
  options: {},
  verbs: [
    ...verbs,
    {
      words: 'completion',
      to: ['completion'],
      options: { '--no-descriptions': { ignored: 'the script shows what a shell can show' } },
    },
  ],
  missing: [
    { words: 'blob delete', use: 'Registries delete unused blobs: regctl prune REPOSITORY' },
  ],
  exits: { INTERRUPTED: 130, TERMINATED: 143 },
  failure: 1,
};
