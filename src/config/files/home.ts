import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/**
 * The user's home: an absolute `HOME` (on Windows `USERPROFILE`), else what the system's list of
 * users says; undefined where neither names one, as for a random user of a container. An empty or
 * relative value never counts: it would make the working directory the home, and whoever fills that
 * would choose logins, mirrors and authorities.
 */
export function homeFolder(
  { env, platform }: Pick<NodeJS.Process, 'env' | 'platform'>,
  listed: () => string = () => userInfo().homedir,
): string | undefined {
  const named = env[platform === 'win32' ? 'USERPROFILE' : 'HOME'] ?? '';
  if (isAbsolute(named)) return named;
  try {
    const home = listed();
    return isAbsolute(home) ? home : undefined;
  } catch {
    // The system does not know this user.
    return undefined;
  }
}
