import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';

/** Each writes blobs, and then a manifest that lists them. */
const LINES = [
  'sign --key KEY HOST/sign:v1',
  'sign --key KEY --recursive HOST/recursive:v1',
  'sign --key KEY --form simple HOST/simple:v1',
  'attest --key KEY --type custom --predicate FILE HOST/attest:v1',
  'artifact push HOST/push:v2 FILE',
  'artifact attach HOST/attach:v1 --artifact-type example/test FILE',
  'mutate HOST/mutate:v1 --label a=b --tag v2',
  'copy HOST/recursive:v1 HOST/copy:v1',
];

let registry: RegistryServer;
let proxy: FaultProxy;
let machine: Machine;

/** The first manifest of each repository is refused: the registry does not see its blobs yet. */
function refuseFirst(): void {
  const seen = new Set<string>();
  proxy.schedule = ({ method, path }) => {
    const repository = /^\/v2\/(.+)\/manifests\//u.exec(path)?.[1];
    if (method !== 'PUT' || repository === undefined || seen.has(repository)) return undefined;
    seen.add(repository);
    const body = JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'no' }] });
    return { kind: 'answer', status: 400, body };
  };
}

beforeAll(async () => {
  registry = await startRegistryServer({ storage: createMemoryStorage() });
  proxy = await startFaultProxy({ port: Number(registry.url.port) });
  machine = await newMachine();
  const index = await makeIndex({ layers: 1 });
  const image = await makeImage({ layers: 1 });
  for (const name of ['sign', 'simple', 'attest', 'attach', 'mutate'])
    await pushImage(proxy.origin, name, ['v1'], image);
  await pushImage(proxy.origin, 'recursive', ['v1'], index);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(machine.dir.join('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(machine.dir.join('file.json'), '{}');
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await registry.close();
  await machine[Symbol.asyncDispose]();
});

it('a manifest waits for a registry that does not see its blobs yet', async () => {
  refuseFirst();
  const runs = LINES.map((line) => {
    const words = line
      .replaceAll('HOST', proxy.host)
      .replace('KEY', machine.dir.join('key.pem'))
      .replace('FILE', 'file.json');
    return machine.regctl(words.split(' '));
  });
  const done = await Promise.all(runs);
  expect(done.map(({ code, stderr }, at) => ({ line: LINES[at], code, stderr }))).toEqual(
    LINES.map((line) => expect.objectContaining({ line, code: 0 })),
  );
});
