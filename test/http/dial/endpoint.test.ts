import { describe, expect, it } from 'vitest';
import { NO_PROXIES } from '../../../src/config/proxies/rules.ts';
import type { Dialer } from '../../../src/http/dial/dialer.ts';
import { createEndpoints } from '../../../src/http/dial/endpoint.ts';
import { policies } from '../setup.ts';

const HOST = 'r.example:5000';

describe('a host that is asked whether it speaks TLS', () => {
  it.each([
    ['does', async () => true, 'https://r.example:5000/'],
    ['does not', async () => false, 'http://r.example:5000/'],
    ['is gone', async () => Promise.reject(new Error('gone')), undefined],
  ])('is named for as long as it is waited for (%s)', async (_what, speaksTls, base) => {
    const waits: string[] = [];
    const endpoints = createEndpoints({
      policies: policies({ [HOST]: { scheme: 'probe' } }),
      dialer: { speaksTls } as Pick<Dialer, 'speaksTls'> as Dialer,
      proxies: NO_PROXIES,
      beginWait: (what, { quiet } = {}) => {
        waits.push(`${what}, ${quiet === true ? 'quietly' : 'told'}`);
        return () => void waits.push('over');
      },
    });
    const found = endpoints.resolve(HOST);
    if (base === undefined) await expect(found).rejects.toMatchObject({ code: 'NETWORK' });
    else expect((await found).href).toBe(base);
    expect(waits).toEqual([`${HOST} to show whether it speaks TLS, quietly`, 'over']);
  });
});
