import { describe, expect, it } from 'vitest';
import { authFiles, type AuthFilesOptions } from '../../../src/config/containers/auth-files.ts';

const paths = (place: Partial<AuthFilesOptions>): readonly string[] =>
  authFiles({ env: {}, home: '/home/ann', uid: 1000, ...place }).map((file) => file.path);

const LASTING = '/home/ann/.config/containers/auth.json';
const DOCKER = ['/home/ann/.docker/config.json', '/home/ann/.dockercfg'];

describe('the files of logins, in the order of containers-auth.json(5)', () => {
  it.each<[string, Partial<AuthFilesOptions>, readonly string[]]>([
    ['by default', {}, ['/run/containers/1000/auth.json', LASTING, ...DOCKER]],
    [
      'XDG_RUNTIME_DIR and XDG_CONFIG_HOME',
      { env: { XDG_RUNTIME_DIR: '/run/user/1000', XDG_CONFIG_HOME: '/conf' } },
      ['/run/user/1000/containers/auth.json', '/conf/containers/auth.json', ...DOCKER],
    ],
    [
      'DOCKER_CONFIG is a folder, and .dockercfg stays at home',
      { env: { DOCKER_CONFIG: '/d' } },
      ['/run/containers/1000/auth.json', LASTING, '/d/config.json', '/home/ann/.dockercfg'],
    ],
    ['macOS has no run-time folder', { os: 'darwin' }, [LASTING, ...DOCKER]],
    [
      'Windows has both of its own',
      { os: 'win32', uid: undefined, env: { XDG_CONFIG_HOME: '/conf', XDG_RUNTIME_DIR: '/run' } },
      [LASTING, '/conf/containers/auth.json', ...DOCKER],
    ],
    [
      'relative and empty folders are ignored',
      { env: { XDG_RUNTIME_DIR: 'run', XDG_CONFIG_HOME: '', DOCKER_CONFIG: '' }, uid: undefined },
      [LASTING, ...DOCKER],
    ],
    ['nobody has a home', { home: undefined }, ['/run/containers/1000/auth.json']],
    [
      'without a home folders count that are named',
      {
        home: undefined,
        env: { XDG_RUNTIME_DIR: '/r', XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d' },
      },
      ['/r/containers/auth.json', '/c/containers/auth.json', '/d/config.json'],
    ],
    ['nor a home on macOS', { home: undefined, os: 'darwin' }, []],
    [
      'REGISTRY_AUTH_FILE is the only one',
      { env: { REGISTRY_AUTH_FILE: '/a.json', DOCKER_CONFIG: '/d' } },
      ['/a.json'],
    ],
    [
      'an empty REGISTRY_AUTH_FILE is none',
      { env: { REGISTRY_AUTH_FILE: '' }, os: 'darwin' },
      [LASTING, ...DOCKER],
    ],
    [
      '--authfile outranks it',
      { env: { REGISTRY_AUTH_FILE: '/a.json' }, authfile: '/b.json', configDir: '/d' },
      ['/b.json'],
    ],
    [
      '--config means that folder alone',
      { env: { REGISTRY_AUTH_FILE: '/a.json' }, configDir: '/d' },
      ['/d/config.json'],
    ],
  ])('%s', (_what, place, expected) => expect(paths(place)).toEqual(expected));
});
