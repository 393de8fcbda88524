// Answers for image names from your users: only registries, and no host of your own network.
// Usage: node service.ts registry.example.com/app:1 oci:/etc 169.254.169.254/x
import { BlockList, isIPv4 } from 'node:net';
import { AppError, createClient } from '@regctl/cli';

const internal = new BlockList();
internal.addSubnet('10.0.0.0', 8, 'ipv4');
internal.addSubnet('169.254.0.0', 16, 'ipv4');
internal.addSubnet('fc00::', 7, 'ipv6');

await using client = createClient({
  transports: ['docker'],
  connection: { noCreds: true },
  allowHost: (_host, address) =>
    address === undefined || !internal.check(address, isIPv4(address) ? 'ipv4' : 'ipv6'),
});
for (const image of process.argv.slice(2)) {
  const answer = await client.resolve(image).then(
    ({ digest }) => digest,
    (error: unknown) => (error instanceof AppError ? error.message : 'failed'),
  );
  console.log(`${image}: ${answer}`);
}
