// Copies every tag of a range of versions. Tags that are up to date cost two requests each.
// Usage: node mirror-versions.ts alpine registry.example.com/base/alpine ^3.19
import { createClient } from '@regctl/cli';

const [from = '', to = '', semver = '*'] = process.argv.slice(2);

await using client = createClient();
for await (const tag of client.tags(from, { semver })) {
  const { unchanged } = await client.copy(`${from}:${tag}`, `${to}:${tag}`);
  console.log(`${tag}: ${unchanged ? 'up to date' : 'copied'}`);
}
