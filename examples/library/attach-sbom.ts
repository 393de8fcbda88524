// Attaches an SBOM to an image and lists what is attached.
// Usage: node attach-sbom.ts registry.example.com/app:1.4.0
import { createClient } from '@regctl/cli';

const [image = ''] = process.argv.slice(2);
const data = new TextEncoder().encode('{"spdxVersion":"SPDX-2.3"}');

await using client = createClient();
const subject = await client.resolve(image);
const repository = image.replace(/:[^/:]*$/u, '');
await client.push(repository, [{ data, mediaType: 'application/spdx+json' }], {
  artifactType: 'application/spdx+json',
  subject,
});

await using store = await client.openRead(image);
for await (const one of store.capabilities.referrers?.referrers(subject.digest) ?? []) {
  console.log(one.artifactType, one.digest);
}
