import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { WriteStore } from '../../src/store/types.ts';
import { createRegistryClient } from '../../src/registry/client.ts';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer } from '../../src/server/server.ts';
import { createRegistryStore } from '../../src/transports/docker/store.ts';
import { dockerDaemonTransport } from '../../src/transports/docker-daemon/transport.ts';
import { openDirForWrite } from '../../src/transports/dir/store.ts';
import { openDockerArchiveForWrite } from '../../src/transports/docker-archive/write-store.ts';
import { openOciArchiveForWrite } from '../../src/transports/oci-archive/store.ts';
import { openLayoutForWrite } from '../../src/transports/oci-layout/store.ts';
import { placesIn } from '../helpers/pipes.ts';
import { plainClient } from '../registry/harness.ts';
import { startEngine } from '../helpers/engine.ts';
import { describeStores, type Opened, type Row } from './store-suite.ts';

/** A store on the file system, in a folder of its own that goes with it. */
async function inFolder(make: (folder: string) => Promise<WriteStore>): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'regctl-store-'));
  const made = await make(folder);
  return {
    store: made,
    [Symbol.asyncDispose]: async () => {
      await made[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** An engine that answers as Docker, podman's service, or Docker with containerd's image store. */
function scriptedEngine(kind: 'docker' | 'podman' | 'containerd'): Row {
  return {
    name: `docker-daemon, on a scripted engine of ${kind}`,
    open: async () => {
      const engine = await startEngine({ kind });
      const location = dockerDaemonTransport.parse('app:v1');
      const context = placesIn(tmpdir(), { engines: engine.context });
      const { openWrite, openRead } = dockerDaemonTransport;
      if (openWrite === undefined) throw new Error('read-only');
      const made = await openWrite(location, context);
      return {
        store: made,
        again: {
          read: () => openRead(location, context),
          write: () => openWrite(location, context),
        },
        [Symbol.asyncDispose]: async () => {
          await made[Symbol.asyncDispose]();
          await engine[Symbol.asyncDispose]();
        },
      };
    },
    deviations: {
      noIndex: 'an engine holds single images',
      defaultIsLatest: 'its images have full names',
      noReferrers: 'nothing but images has a place',
      noRemoval: 'docker rmi does that',
      isStream: 'the archive goes to the daemon as it is written',
    },
  };
}

const STORES: readonly Row[] = [
  {
    name: 'memory',
    open: async () => {
      const memory = createMemoryStore();
      return { store: memory, [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose]() };
    },
    deviations: {},
  },
  {
    name: 'oci-layout',
    open: () => inFolder((folder) => openLayoutForWrite(join(folder, 'new'))),
    deviations: {
      keepsRemovedContent: 'blobs stay in a layout until it is written anew: others may share them',
    },
  },
  {
    name: 'oci-archive',
    open: () =>
      inFolder((folder) =>
        openOciArchiveForWrite({ name: join(folder, 'a.tar'), ref: 'v1' }, placesIn(folder)),
      ),
    deviations: { noRemoval: 'an archive is written as a whole' },
  },
  {
    name: 'docker-archive',
    open: () =>
      inFolder((folder) =>
        openDockerArchiveForWrite({ name: join(folder, 'a.tar'), ref: 'x' }, placesIn(folder)),
      ),
    name1: 'app:v1',
    name2: 'app:v2',
    deviations: {
      noIndex: 'docker load takes single images',
      defaultIsLatest: 'its images have full names',
      noReferrers: 'nothing but images has a place',
      noRemoval: 'an archive is written as a whole',
    },
  },
  {
    name: 'dir',
    open: () => inFolder((folder) => openDirForWrite(join(folder, 'new'))),
    deviations: {
      oneImage: 'the format is one manifest with its files',
      noReferrers: 'nothing but the one image has a place',
      noRemoval: 'without its image the folder is nothing',
    },
  },
  ...(['docker', 'podman', 'containerd'] as const).map(scriptedEngine),
  {
    name: 'docker, on the embedded registry',
    open: async () => {
      const server = await startRegistryServer({ storage: createMemoryStorage() });
      const client = createRegistryClient({
        request: plainClient,
        endpoint: async () => server.url,
        warn: () => {},
      });
      return {
        store: createRegistryStore(
          client.repository({ registry: 'reg.example', repository: 'a/b', access: 'push' }),
        ),
        [Symbol.asyncDispose]: () => server.close(),
      };
    },
    deviations: { defaultIsLatest: 'a registry has no only image' },
  },
];

describeStores(STORES);
