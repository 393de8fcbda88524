// Stores a file in a registry and reads it again.
// Usage: node push-report.ts registry.example.com/app:report
import { createClient } from '@regctl/cli';
import { fetchAll } from '@regctl/cli/store';

const [image = ''] = process.argv.slice(2);
const data = new TextEncoder().encode('{"coverage":93}');

await using client = createClient();
const { digest } = await client.push(image, [{ data, title: 'report.json' }], {
  artifactType: 'application/vnd.example.report.v1+json',
});
console.log(digest);

await using store = await client.openRead(image);
const manifest = await store.resolve('report');
console.log(new TextDecoder().decode(await fetchAll(store, manifest)));
