import { describe, expect, it } from 'vitest';
import type { AddressClass } from '../../src/http/address/class.ts';
import { mayStayOnHost } from '../../src/http/address/target.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { testClient } from '../http/setup.ts';

describe('a name that changes its mind', () => {
  it('does not lead to another port of this machine', async () => {
    await using b = await startScriptedServer(() => ({ status: 200 }));
    await using a = await startScriptedServer(() => ({
      status: 307,
      headers: { location: `http://rebind.example:${b.port}/containers/json` },
    }));
    let answers = 0;
    await using client = testClient({
      lookup: () => {
        answers += 1;
        // An address that nobody answers at makes the name a public one.
        const nowhere = { address: '192.0.2.1', family: 4 };
        const here = { address: '127.0.0.1', family: 4 };
        return Promise.resolve(answers === 1 ? [here, nowhere] : [here]);
      },
    });
    const url = new URL(`http://rebind.example:${a.port}/v2/`);
    await expect(client.request({ method: 'GET', url })).rejects.toMatchObject({
      code: 'TARGET_FORBIDDEN',
    });
    expect(a.lines).toHaveLength(1);
    expect(b.lines).toEqual([]);
  });

  it('may redirect to another port of the same machine', async () => {
    await using b = await startScriptedServer(() => ({ status: 200 }));
    await using a = await startScriptedServer(() => ({
      status: 307,
      headers: { location: `http://registry.corp:${b.port}/` },
    }));
    await using client = testClient({
      lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    const url = new URL(`http://registry.corp:${a.port}/v2/`);
    expect((await client.request({ method: 'GET', url })).status).toBe(200);
  });

  it.each<[readonly AddressClass[], AddressClass, boolean]>([
    [['public'], 'public', true],
    [['public'], 'private', false],
    [['public'], 'loopback', false],
    [['public', 'loopback'], 'loopback', false],
    [['public', 'special'], 'special', false],
    // A global IPv6 address beside a private IPv4 one.
    [['public', 'private'], 'private', true],
    [['private'], 'private', true],
    [['private'], 'public', true],
    [['private'], 'loopback', false],
    [['loopback'], 'loopback', true],
    [['loopback'], 'special', false],
    // A proxy looked the name up before.
    [[], 'private', true],
  ])('known as %j and now %s: %s', (known, now, allowed) => {
    expect(mayStayOnHost(now, new Set(known))).toBe(allowed);
  });
});
