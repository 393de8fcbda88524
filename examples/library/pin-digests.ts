// Replaces tags by digests, which never move. A lookup is no pull on Docker Hub.
// Usage: node pin-digests.ts alpine:3.20 nginx:1.27
import { createClient } from '@regctl/cli';
import { formatReference, parseReference } from '@regctl/cli/reference';

const images = process.argv.slice(2);

await using client = createClient();
const pinned = await Promise.all(
  images.map(async (image) => {
    const { digest } = await client.resolve(image);
    return formatReference({ ...parseReference(image), digest });
  }),
);
console.log(pinned.join('\n'));
