// Runs a registry in memory, as for the tests of a program that pushes images.
// Usage: node registry-in-a-test.ts
import { createClient } from '@regctl/cli';
import { createMemoryStorage, startRegistryServer } from '@regctl/cli/server';

await using registry = await startRegistryServer({ storage: createMemoryStorage() });
await using client = createClient();

const image = `${registry.host}/app:1.0.0`;
await client.push(image, [new TextEncoder().encode('hello')]);
const { digest } = await client.resolve(image);
console.log(digest.startsWith('sha256:') ? 'pushed' : 'lost', image.endsWith('/app:1.0.0'));
