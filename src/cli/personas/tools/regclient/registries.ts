import { same } from '../../tables.ts';
import type { OptionRules, Verb } from '../../types.ts';
import { FORMAT } from './options.ts';

/** Options of `registry set`, named as in our `registry-set`. */
const SETTINGS: OptionRules = {
  ...same('--tls <mode>', '--hostname <host>', '--path-prefix <path>', '--mirror <registry>'),
  ...same('--priority <n>', '--cacert <pem>', '--client-cert <pem>', '--client-key <pem>'),
  ...same('--repo-auth', '--blob-chunk <n>', '--blob-max <n>', '--req-per-sec <n>'),
  ...same('--req-concurrent <n>', '--cred-helper <name>', '--skip-check'),
  '--api-opts <option>': { ignored: 'regctl has no such options' },
};

/** The noun `registry`. */
export const REGISTRY_VERBS: readonly Verb[] = [
  {
    words: 'registry login',
    to: ['login'],
    options: {
      '-u, --user <name>': '--username',
      '-p, --pass <password>': '--password',
      '--pass-stdin': '--password-stdin',
      '--skip-check': { ignored: 'a login is tried before it is stored' },
    },
    prints: () => ({ nothing: true }),
  },
  { words: 'registry logout', to: ['logout'], options: {}, prints: () => ({ nothing: true }) },
  { words: 'registry whoami', to: ['login', '--get-login'], options: {} },
  {
    words: 'registry set',
    to: ['registry-set'],
    options: SETTINGS,
    prints: () => ({ nothing: true }),
  },
  {
    words: 'registry config',
    to: ['registry-config'],
    options: FORMAT,
  },
];
