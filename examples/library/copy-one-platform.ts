// Copies one platform with its signatures, at most for ten minutes.
// Usage: node copy-one-platform.ts nginx oci:./nginx linux/arm64
import { createClient } from '@regctl/cli';

const [source = '', destination = '', platform = 'linux/amd64'] = process.argv.slice(2);
const signal = AbortSignal.timeout(10 * 60_000);

await using client = createClient();
const { descriptor } = await client.copy(source, destination, {
  platforms: [platform],
  referrers: true,
  signal,
});
console.log(descriptor.digest);
