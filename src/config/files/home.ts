import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/**
 * Returns the user's home: an absolute `HOME` (on Windows `USERPROFILE`), else the one in the
 * system's user database; undefined if neither exists, as for a random user of a container. An
 * empty or relative value is ignored: it would make the working directory the home, and its
 * contents could set logins, mirrors and authorities.
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
