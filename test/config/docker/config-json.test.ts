import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDockerAuthConfig } from '../../../src/config/docker/auth-variable.ts';
import {
  dockerConfigPath,
  loadDockerConfig,
  parseDockerConfig,
} from '../../../src/config/docker/config-json.ts';

const PATH = '/home/u/.docker/config.json';

const readVariable = (text: string | undefined): { size: number; warnings: string[] } => {
  const warnings: string[] = [];
  const auths = parseDockerAuthConfig(text, (warning) => warnings.push(warning));
  return { size: auths.size, warnings };
};
const fails =
  (text: string): (() => unknown) =>
  () =>
    parseDockerConfig(text, PATH);

describe('where the configuration is', () => {
  it.each([
    [{ configDir: '/c', env: { DOCKER_CONFIG: '/e' } }, '/c/config.json'],
    [{ env: { DOCKER_CONFIG: '/e' } }, '/e/config.json'],
    [{ env: { DOCKER_CONFIG: '' } }, PATH],
    [{ env: {} }, PATH],
  ])('%j → %s', (place, path) => {
    expect(dockerConfigPath({ home: '/home/u', ...place })).toBe(path);
    expect(dockerConfigPath({ home: undefined, ...place })).toBe(path === PATH ? undefined : path);
  });
});

describe('what it says', () => {
  it('is empty for no text, null members and a byte-order mark', () => {
    for (const text of ['', ' \n', '{}', '\uFEFF{"auths":null,"credsStore":null}']) {
      const config = parseDockerConfig(text, PATH);
      expect([config.auths.size, config.credHelpers.size, config.credsStore]).toEqual([
        0,
        0,
        undefined,
      ]);
    }
  });

  it('reads every field, without regard to the case of its name, and keeps the rest', () => {
    const config = parseDockerConfig(
      JSON.stringify({
        currentContext: 'desk',
        Auths: { 'ghcr.io': { auth: 'YTpi', identitytoken: 'i', registrytoken: 'r', email: 'e' } },
        credHelpers: { 'gcr.io': 'gcloud' },
        credsstore: 'pass',
        HttpHeaders: { 'X-Meta': 'v', 'user-agent': 'no' },
      }),
      PATH,
    );
    expect(config.auths.get('ghcr.io')).toEqual({
      auth: 'YTpi',
      identityToken: 'i',
      registryToken: 'r',
    });
    expect(config.credHelpers.get('gcr.io')).toBe('gcloud');
    expect(config.credsStore).toBe('pass');
    expect({ ...config.httpHeaders }).toEqual({ 'X-Meta': 'v' });
    expect(config.raw['currentContext']).toBe('desk');
  });

  it.each([
    ['{"auths": {},}', ':1:14: invalid JSON: expected double-quoted property name'],
    ['{\n\t"auths": {\n\t\t"a": x\n\t}\n}', ':3:8: invalid JSON: expected a value'],
    ['{"a": 1', ':1:8: invalid JSON: the text ends too early'],
    ['{"a" 1}', ":1:6: invalid JSON: expected ':' after property name"],
    ["{'a': 1}", ':1:2: invalid JSON: expected property name'],
    ['{"a": [1 2]}', ":1:10: invalid JSON: expected ',' or ']' after array element"],
    ['{"a": [1,]}', ':1:10: invalid JSON: expected a value'],
    ['{} {}', ':1:4: invalid JSON: unexpected non-whitespace character'],
    ['{"a": "b\n"}', ':1:9: invalid JSON: bad control character in string literal'],
    ['{"a": 01}', ':1:8: invalid JSON: unexpected number'],
    ['[]', ': it must hold a JSON object'],
    ['{"auths": []}', ': auths must be an object'],
    ['{"auths": {"a": {"auth": 1}}}', ': auths["a"].auth must be text'],
    ['{"HttpHeaders": {"X-A": "b\\r\\nEvil: 1"}}', ': HttpHeaders["X-A"] is not a valid'],
  ])('refuses %j, saying where', (text, rule) => {
    expect(fails(text)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`${PATH}${rule}`) as string,
        hint: expect.stringContaining(PATH) as string,
      }) as Error,
    );
  });

  it.each([
    '{"a": c2VjcmV0}',
    '{"auths": {"a": {"auth": "c2VjcmV0" oops}}}',
    '"c2VjcmV0 in JSON at position 3',
    '"c2VjcmV0 in JSON at position 3" x',
    '{"a": \'c2VjcmV0 in JSON at position 3\'}',
    '{"a": "c2VjcmV0',
  ])('never quotes the text in an error, for it holds secrets: %s', (text) => {
    expect(fails(text)).toThrow(
      expect.not.objectContaining({
        message: expect.stringContaining('c2VjcmV0') as string,
      }) as Error,
    );
  });

  it('takes __proto__ for a registry like any other', () => {
    const config = parseDockerConfig(
      '{"__proto__": {"credsStore": "evil"}, "auths": {"__proto__": {"auth": "YTpi"}}}',
      PATH,
    );
    expect(config.credsStore).toBeUndefined();
    expect([...config.auths.keys()]).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['auth']).toBeUndefined();
  });

  it('bounds the depth', () => {
    expect(fails(`{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toThrow('nested deeper');
    expect(fails(`{"a": ${'['.repeat(100_000)}`)).toThrow('ends too early');
  });
});

describe('DOCKER_AUTH_CONFIG', () => {
  it('is read in its strict form', () => {
    expect(readVariable('{"auths":{"a.io":{"auth":"YTpi"}}}')).toEqual({ size: 1, warnings: [] });
    expect(readVariable(undefined)).toEqual({ size: 0, warnings: [] });
  });

  it.each([
    '{"auths":{"a.io":{"username":"a","password":"b","email":"e","auth":"YTpi"}}}',
    '{"auths":{"a.io":{"username":"a","password":"b"}}}',
    '{"auths":{"a.io":{"username":"a","password":"b","auth":""}}}',
    '{"Auths":{"a.io":{"Auth":"YTpi"}}}',
  ])('is read as Kubernetes and others write it: %s', (text) => {
    expect(readVariable(text)).toEqual({ size: 1, warnings: [] });
  });

  it.each([
    '{',
    '{"auths":{},"credsStore":"x"}',
    '{"auths":{"a.io":{}}}',
    '{"auths":{"a.io":{"username":"a"}}}',
    '{}',
  ])('is warned about and ignored when it is %s', (text) => {
    const { size, warnings } = readVariable(text);
    expect(size).toBe(0);
    expect(warnings).toEqual([expect.stringMatching(/^ignoring DOCKER_AUTH_CONFIG/u)]);
  });
});

describe('the file', () => {
  let folder: string;
  let path: string;
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  beforeEach(async () => {
    warnings.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'regctl-config-'));
    path = join(folder, 'config.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('may be missing, unless the user named it', async () => {
    expect((await loadDockerConfig(path, { warn })).auths.size).toBe(0);
    await expect(loadDockerConfig(path, { warn, required: true })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${path} does not exist`,
    });
  });

  it('is warned about when others can read secrets in it', async () => {
    await writeFile(path, '{"auths":{"a.io":{"auth":"YTpi"}}}');
    await chmod(path, 0o644);
    await loadDockerConfig(path, { warn });
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)]);
  });

  it('is not warned about when it is private or holds no secret', async () => {
    await writeFile(path, '{"auths":{"a.io":{"auth":"YTpi"}}}');
    await chmod(path, 0o600);
    await loadDockerConfig(path, { warn });
    await writeFile(path, '{"auths":{"a.io":{}},"credsStore":"pass"}');
    await chmod(path, 0o644);
    await loadDockerConfig(path, { warn });
    expect(warnings).toEqual([]);
  });

  it('is an error when it cannot be read or is not text', async () => {
    await mkdir(path);
    await expect(loadDockerConfig(path, { warn })).rejects.toMatchObject({ code: 'IO' });
    const binary = join(folder, 'binary');
    await writeFile(binary, Uint8Array.of(0x7b, 0xff, 0x7d));
    await expect(loadDockerConfig(binary, { warn })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('is read no further than its bound', async () => {
    await writeFile(path, Buffer.alloc(16 * 1024 * 1024 + 1, ' '));
    await expect(loadDockerConfig(path, { warn })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('is larger than') as string,
    });
  });
});
