import { authFiles } from '../../config/containers/auth-files.ts';
import { same } from './tables.ts';
import type { Line, Verb } from './types.ts';

const LOGIN = {
  ...same('--authfile <file>', '--tls-verify [bool]', '--cert-dir <dir>'),
  '--compat-auth-file <file>': '--authfile',
} as const;

/** `login` and `logout` of skopeo and podman (containers/common). */
export const loginVerbs: readonly Verb[] = [
  {
    words: 'login',
    to: ['login'],
    options: {
      ...LOGIN,
      ...same('--get-login', '-p, --password <password>', '--password-stdin'),
      ...same('-u, --username <name>'),
      '-v, --verbose': { ignored: 'where the login went is said on a terminal' },
    },
    defaults: loginFile,
  },
  {
    words: 'logout',
    to: ['logout'],
    options: {
      ...LOGIN,
      ...same('-a, --all'),
      '--tls-verify [bool]': { ignored: 'the registry is not asked' },
      '--cert-dir <dir>': { ignored: 'the registry is not asked' },
    },
    defaults: (line) => ['--must-exist', `--format=${removed(line)}`],
  },
];

const removed = (line: Line): string =>
  line.has('all')
    ? 'Removed login credentials for all registries'
    : '{{range .Removed}}Removed login credentials for {{.}}{{end}}';

/** containers-auth.json(5): the file at run time, unless Docker's directory is named. */
function loginFile(line: Line): readonly string[] {
  const { env } = line.machine;
  const named = ['authfile', 'compat-auth-file', 'get-login'].some((option) => line.has(option));
  if (named || env['REGISTRY_AUTH_FILE'] !== undefined || env['DOCKER_CONFIG'] !== undefined)
    return [];
  const file = authFiles(line.machine).find(({ format }) => format === 'containers');
  return file === undefined ? [] : [`--authfile=${file.path}`];
}
