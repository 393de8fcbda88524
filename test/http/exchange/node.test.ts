import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { nodePool } from '../../../src/http/exchange/node.ts';
import type { RawRequest } from '../../../src/http/exchange/types.ts';
import { drain } from '../../../src/util/bytes.ts';
import { startScriptedServer } from '../../helpers/scripted-server.ts';

const LONG = 60_000;

it('ends the connections that carry nothing once another pool follows', async () => {
  await using server = await startScriptedServer(() => ({ status: 200, body: 'hello' }));
  const [hostname = '', port = ''] = server.host.split(':');
  const sockets: Socket[] = [];
  const dial = async (): Promise<Socket> => {
    const socket = connect({ host: hostname, port: Number(port) });
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const pool = nodePool(dial, { protocol: 'http:', hostname, host: server.host, port });
  const request: RawRequest = {
    method: 'GET',
    path: '/',
    headers: { host: server.host },
    signals: [],
    headersMs: LONG,
    idleMs: LONG,
    firstByteMs: LONG,
  };
  await drain((await pool.exchange(request)).body);
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false]);
  const under = await pool.exchange(request);
  pool.retire();
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false]);
  await drain(under.body);
  await drain((await pool.exchange(request)).body);
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  pool.destroy();
});
