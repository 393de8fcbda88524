// Lists the versions of an image, such as all releases of Alpine 3.
// Usage: node list-tags.ts alpine ^3
import { createClient } from '@regctl/cli';

const [repository = 'alpine', semver = '*'] = process.argv.slice(2);

await using client = createClient();
for await (const tag of client.tags(repository, { semver })) console.log(tag);
