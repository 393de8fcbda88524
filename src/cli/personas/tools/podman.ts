import { VERSION } from '../../../client/version.ts';
import { loginVerbs } from '../containers-login.ts';
import { same } from '../tables.ts';
import type { Persona } from '../types.ts';

/** podman's logins; its stored images are reached as `containers-storage:`. */
export const podman: Persona = {
  name: 'podman',
  version: `podman version 4.3.1 (regctl ${VERSION})`,
  hasVersionVerb: true,
  options: { ...same('--tmpdir <dir>'), '--log-level <level>': { ignored: 'there is no log' } },
  verbs: loginVerbs,
  missing: [
    { words: 'pull', use: 'From a registry to a file: regctl pull IMAGE FILE.tar' },
    { words: 'push', use: 'From a file to a registry: regctl push FILE.tar IMAGE' },
    { words: 'tag', use: 'In a registry: regctl tag IMAGE TAG' },
    { words: 'search', use: 'Docker Hub: regctl search TERM' },
    { words: 'save', use: 'Images of a registry: regctl save IMAGE -o FILE' },
    { words: 'load', use: 'Into a registry: regctl load -i FILE IMAGE' },
    { words: 'images', use: 'Of a registry: regctl tags REPOSITORY' },
    { words: 'inspect', use: 'Of a registry: regctl inspect IMAGE' },
    { words: 'manifest', use: 'Of a registry: regctl manifest IMAGE' },
  ],
  exits: { INTERRUPTED: 130, TERMINATED: 143 },
  failure: 125,
  words: { UNAUTHORIZED: () => 'not logged in' },
};
