import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryStorage } from '../../src/server/storage/memory.ts';
import { startRegistryServer, type RegistryServer } from '../../src/server/server.ts';
import { startEngine, type FakeEngine } from '../helpers/engine.ts';
import { makeImage, makeIndex, pushImage } from '../helpers/images.ts';
import { newMachine, type Machine } from './regctl.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/guides/docker-users.md'), 'utf8');

/** The middle column of the tables, in their order: lines build on those before them. */
const LINES = [...PAGE.matchAll(/^\|[^|]*\| `regctl ([^`]+)` \|/gmu)].map(([, line = '']) => line);

/** Lines that reach beyond this machine, or ask a person. */
const NOT_RUN = /^(?:login|search) /u;

describe('docs/guides/docker-users.md', () => {
  let registry: RegistryServer;
  let engine: FakeEngine;
  let machine: Machine;

  beforeAll(async () => {
    [registry, engine, machine] = await Promise.all([
      startRegistryServer({ storage: createMemoryStorage() }),
      startEngine(),
      newMachine(),
    ]);
    const { origin, host } = registry.url;
    await pushImage(origin, 'app', ['1'], await makeIndex());
    await pushImage(origin, 'app', ['2'], await makeImage());
    await machine.expect(0, ['copy', `${host}/app:2`, 'docker-daemon:app:dev'], { env: env() });
  });
  afterAll(async () => {
    await Promise.all([engine, machine].map((one) => one[Symbol.asyncDispose]()));
    await registry.close();
  });
  const env = (): Record<string, string> => ({
    DOCKER_HOST: engine.context.env['DOCKER_HOST'] ?? '',
  });

  it('has the everyday lines', () => {
    expect(LINES.length).toBeGreaterThan(15);
  });

  it.each(LINES.filter((line) => !NOT_RUN.test(line)))('%s', async (line) => {
    const { host } = registry.url;
    const args = line
      .replaceAll('$IMAGE', `${host}/app`)
      .replaceAll('other.example.com/app', `${host}/other`)
      .split(' ');
    const { stdout } = await machine.expect(0, args, { env: env() });
    expect(stdout).not.toBe('');
  });
});
