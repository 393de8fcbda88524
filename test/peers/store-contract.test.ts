import { afterAll, beforeAll } from 'vitest';
import type { EngineContext, Transport } from '../../src/transports/types.ts';
import { containersStorageTransport } from '../../src/transports/containers-storage/transport.ts';
import { dockerDaemonTransport } from '../../src/transports/docker-daemon/transport.ts';
import { describeStores, type Opened, type Row } from '../contract/store-suite.ts';
import {
  ENGINES,
  removeStorage,
  startRealEngine,
  STORAGES,
  storageOf,
  type RunningEngine,
} from '../helpers/engines.ts';
import { placesIn } from '../helpers/pipes.ts';
import { tempDir, type TempDir } from '../helpers/temp.ts';
import { describeUnless } from '../helpers/when.ts';

/** An image by a name that was not used before: the engine is the same for all tests of a row. */
async function openNew(
  { parse, openRead, openWrite }: Transport,
  { prefix, dir, engines }: { prefix: string; dir: TempDir; engines: EngineContext },
): Promise<Opened> {
  if (openWrite === undefined) throw new Error('read-only');
  const location = parse(`${prefix}app-${(used += 1)}:v1`);
  const context = placesIn(dir.path, { engines });
  const store = await openWrite(location, context);
  return {
    store,
    again: {
      read: () => openRead(location, context),
      write: () => openWrite(location, context),
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

let used = 0;

const contextOf = (env: Readonly<Record<string, string>>): EngineContext => ({
  env,
  home: undefined,
  os: 'linux',
  note: () => undefined,
});

const deviations: Row['deviations'] = {
  noIndex: 'an engine holds single images',
  defaultIsLatest: 'its images have full names',
  noReferrers: 'nothing but images has a place',
  noRemoval: 'docker rmi, podman rmi and buildah rmi do that',
  isStream: 'the archive goes to the engine as it is written',
};

for (const program of ENGINES) {
  describeUnless(program.missing, 'docker-daemon', () => {
    let engine: RunningEngine;
    let dir: TempDir;
    beforeAll(async () => {
      [engine, dir] = await Promise.all([startRealEngine(program), tempDir()]);
    });
    afterAll(async () => {
      await engine[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    });
    describeStores([
      {
        name: program.name,
        open: () => {
          const engines = contextOf({ DOCKER_HOST: engine.address });
          return openNew(dockerDaemonTransport, { prefix: '', dir, engines });
        },
        deviations,
      },
    ]);
  });
}

for (const { name, missing } of STORAGES) {
  describeUnless(missing, 'containers-storage', () => {
    let dir: TempDir;
    let storage: Awaited<ReturnType<typeof storageOf>>;
    beforeAll(async () => {
      dir = await tempDir();
      storage = await storageOf(name, dir);
    });
    afterAll(() => removeStorage(dir));
    describeStores([
      {
        name,
        open: () => {
          const engines = contextOf(storage.env);
          return openNew(containersStorageTransport, { prefix: storage.prefix, dir, engines });
        },
        deviations,
      },
    ]);
  });
}
