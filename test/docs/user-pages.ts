import { readdirSync } from 'node:fs';

/** Pages for contributors have their own readers. */
const CONTRIBUTORS = /^docs\/(?:architecture|bench|decisions|performance|reliability)\.md$/u;

/** The pages for users that people write; those of the API are generated. */
export const USER_PAGES: readonly string[] = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(new URL('../../docs/', import.meta.url), { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md')),
].filter((path) => !CONTRIBUTORS.test(path) && !/^docs\/(?:api|node_modules)\//u.test(path));
