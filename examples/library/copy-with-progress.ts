// Copies an image with all platforms and prints each blob that was sent.
// Usage: node copy-with-progress.ts alpine:3.20 registry.example.com/base/alpine:3.20
import { createClient } from '@regctl/cli';

const [source = '', destination = ''] = process.argv.slice(2);

await using client = createClient();
const { descriptor, bytes } = await client.copy(source, destination, {
  onProgress(event) {
    if (event.type === 'end') console.log(event.outcome, event.descriptor.digest);
  },
});
console.log(`${destination}@${descriptor.digest}: ${bytes.sent} bytes sent`);
