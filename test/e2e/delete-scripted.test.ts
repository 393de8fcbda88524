import { expect, it } from 'vitest';
import { blob, image } from '../helpers/graphs.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { newMachine } from './regctl.ts';

it.each([403, 404])(
  'a tag that HEAD denies with %d and GET shows keeps its digest from being deleted',
  async (status) => {
    const { descriptor, data } = image({ layers: [blob('x')] });
    const headers = {
      'content-type': descriptor.mediaType,
      'docker-content-digest': descriptor.digest,
      'content-length': String(data.byteLength),
    };
    await using server = await startScriptedServer(({ method, path }) => {
      if (path === '/v2/') return { status: 200 };
      if (path.startsWith('/v2/app/tags/list')) {
        return { status: 200, body: '{"name":"app","tags":["v1","v2"]}' };
      }
      if (path === `/v2/app/referrers/${descriptor.digest}`) return { status: 404 };
      if (!/^\/v2\/app\/manifests\/v[12]$/u.test(path)) return undefined;
      if (method === 'HEAD') return path.endsWith('v1') ? { status: 200, headers } : { status };
      return method === 'GET' ? { status: 200, headers, body: data } : undefined;
    });
    await using machine = await newMachine();
    const { stderr } = await machine.expect(3, ['delete', '--yes', `${server.host}/app:v1`]);
    expect(stderr).toContain('its digest also has the tag v2');
    expect(server.lines.filter((line) => line.startsWith('DELETE'))).toEqual([]);
  },
);
