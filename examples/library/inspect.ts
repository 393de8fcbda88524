// Prints the platforms of an image, and the size of the one for this machine.
// Usage: node inspect.ts nginx:1.27
import { createClient } from '@regctl/cli';

const [image = 'nginx'] = process.argv.slice(2);

await using client = createClient();
const { Digest, Platforms, Size } = await client.inspect(image, { noTags: true });
console.log(`${image}@${Digest}: ${Size} bytes`);
for (const { Platform } of Platforms) console.log(`  ${Platform}`);
