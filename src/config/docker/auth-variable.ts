import { AppError } from '../../errors/app-error.ts';
import {
  getIgnoringCase,
  parseDockerConfig,
  type AuthEntry,
  type DockerConfig,
} from './config-json.ts';
import { configInvalid, isJsonObject } from '../files/json.ts';

const NAME = 'DOCKER_AUTH_CONFIG';

/**
 * Parses the variable DOCKER_AUTH_CONFIG: `{"auths": {"host": {…}}}` with `auth`, or with
 * `username` and `password`, as Docker, GitLab and Kubernetes (`.dockerconfigjson`) write it.
 * A bad value only causes a warning, so that a broken CI variable does not stop anonymous requests.
 */
export function parseDockerAuthConfig(
  text: string | undefined,
  warn: (text: string) => void,
): ReadonlyMap<string, AuthEntry> {
  if (text === undefined || text.trim() === '') return new Map();
  try {
    const config = parseDockerConfig(text, NAME);
    checkForm(config);
    return config.auths;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    warn(`ignoring ${error.message}`);
    return new Map();
  }
}

/** The variable cannot name helpers, and an entry without a login is a mistake. */
function checkForm({ raw, auths }: DockerConfig): void {
  const extra = Object.keys(raw).find((key) => key.toLowerCase() !== 'auths');
  if (extra !== undefined)
    throw configInvalid(NAME, `the document may hold "auths" only, not ${JSON.stringify(extra)}`);
  if (!isJsonObject(getIgnoringCase(raw, 'auths')))
    throw configInvalid(NAME, 'auths must be an object');
  for (const [host, { auth, username, password }] of auths) {
    if (auth === undefined && (username === undefined || password === undefined))
      throw configInvalid(NAME, `auths[${JSON.stringify(host)}].auth is missing`);
  }
}
