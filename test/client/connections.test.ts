import { mkdir, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { openConnections } from '../../src/client/connections.ts';
import { createStores } from '../../src/client/stores.ts';
import { AppError } from '../../src/errors/app-error.ts';
import { lazyTemporaries } from '../../src/client/temporaries.ts';
import type { ConnectionsOptions, ConnectionOptions } from '../../src/client/types.ts';
import { tempDir } from '../helpers/temp.ts';

const PLAIN: ConnectionOptions = {};

function optionsIn(home: string, more: Partial<ConnectionsOptions> = {}): ConnectionsOptions {
  return {
    machine: {
      env: { REGCTL_CACHE: 'off' },
      home,
      os: 'linux',
      now: () => new Date('2026-02-01T00:00:00Z'),
    },
    settings: { allowRealm: [], retryTimes: 0 },
    warn: (text) => expect.unreachable(text),
    note: () => undefined,
    onRetry: () => undefined,
    ...more,
  };
}

it('sides with the same options share their connections', async () => {
  await using dir = await tempDir();
  await using connections = await openConnections(optionsIn(dir.path));
  const [one, same, other] = await Promise.all([
    connections.side(PLAIN),
    connections.side({ ...PLAIN }),
    connections.side({ ...PLAIN, plainHttp: true }),
  ]);
  expect(same).toBe(one);
  expect(other).not.toBe(one);
  expect(connections.requestCount()).toBe(0);
});

it('a person is asked once for the password of a username', async () => {
  await using dir = await tempDir();
  const asked: string[] = [];
  const askPassword = async (username: string): Promise<string> => {
    asked.push(username);
    return 's3cret';
  };
  await using connections = await openConnections(optionsIn(dir.path, { askPassword }));
  const sides = [PLAIN, { ...PLAIN, creds: 'ann' }, { ...PLAIN, creds: 'ann' }];
  const [, side] = await Promise.all(sides.map((one) => connections.side(one)));
  expect(asked).toEqual(['ann']);
  expect(await side?.credentials.lookup('r.example')).toMatchObject({
    username: 'ann',
    password: 's3cret',
  });
});

it('a directory opens in spite of a broken configuration, a registry does not', async () => {
  await using dir = await tempDir();
  await mkdir(dir.join('image'));
  await writeFile(dir.join('registries.conf'), 'unqualified-search-registries = [');
  const options = optionsIn(dir.path);
  const registriesConf = dir.join('registries.conf');
  const settings = { ...options.settings, registriesConf };
  await using connections = await openConnections({ ...options, settings });
  const unexpected = (): never => expect.unreachable('standard input or output was used');
  const temporaries = lazyTemporaries(options.machine);
  const stdio = { stdin: unexpected, stdout: unexpected, tempDir: dir.path };
  const stores = createStores({ ...stdio, connections, temporaries });
  await using store = await stores.openWrite(stores.locate(`dir:${dir.join('image')}`), PLAIN);
  expect(store.label).toContain('image');
  expect(() => stores.locate('alpine')).toThrow(/registries\.conf/u);
});

it('an error shows what short names of the registry that it names were taken for', async () => {
  await using dir = await tempDir();
  const options = optionsIn(dir.path);
  await using connections = await openConnections(options);
  const unexpected = (): never => expect.unreachable('standard input or output was used');
  const stdio = { stdin: unexpected, stdout: unexpected, tempDir: dir.path };
  const temporaries = lazyTemporaries(options.machine);
  const { locate, namesMeant } = createStores({ ...stdio, connections, temporaries });
  for (const name of ['app', 'docker://o/app:2', 'ghcr.io/o/app', 'oci:app']) locate(name);
  const meantBy = (message: string) => namesMeant(new AppError('NETWORK', message));
  const app = '"app" means docker.io/library/app:latest';
  expect(meantBy('cannot reach registry-1.docker.io')).toEqual([
    app,
    '"o/app:2" means docker.io/o/app:2',
  ]);
  expect(meantBy('docker.io/o/app:2 does not exist')).toEqual([app]);
  expect(meantBy('cannot reach ghcr.io')).toEqual([]);
});
