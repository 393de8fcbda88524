import { VERSION } from '../../../../client/version.ts';
import { loginVerbs } from '../../containers-login.ts';
import type { Persona, Reported } from '../../types.ts';
import { copy } from './copy.ts';
import { inspect } from './inspect.ts';
import { connection, images, retries, RETRY, ROOT } from './options.ts';
import { sync } from './sync.ts';

/** As skopeo 1.9 says it, and as skopeo 1.22, whose log escapes quotes. */
function noImageFound({ details }: Reported): string {
  const [os = '', architecture = '', variant = ''] = String(details?.['platform']).split('/');
  const found =
    'parsing manifest for image: choosing image instance: no image found in manifest list';
  const quoted = JSON.stringify(
    `Error ${found} for architecture "${architecture}", variant "${variant}", OS "${os}"`,
  );
  return `${found} for architecture ${architecture}, variant ${variant}, OS ${os}; level=fatal msg=${quoted}`;
}

/** The version that this table describes. */
const SKOPEO = '1.22.0';

export const skopeo: Persona = {
  name: 'skopeo',
  version: `skopeo version ${SKOPEO} (regctl ${VERSION})`,
  options: ROOT,
  verbs: [
    copy,
    sync,
    inspect,
    {
      words: 'list-tags',
      to: ['list-tags'],
      options: { ...connection(''), ...RETRY },
      args: images,
      defaults: retries,
      // skopeo names no repository for an archive.
      prints: (line) =>
        line.args[0]?.startsWith('docker://') === true ? {} : { members: ['Tags'] },
    },
    {
      words: 'delete',
      to: ['delete'],
      options: { ...connection(''), ...RETRY },
      args: images,
      defaults: (line) => [...retries(line), '--yes', '--quiet'],
      prints: () => ({ nothing: true }),
    },
    ...loginVerbs,
    { words: 'manifest-digest', to: ['manifest-digest'], options: {} },
    {
      words: 'completion',
      to: ['completion'],
      options: { '--no-descriptions': { ignored: 'the script shows what a shell can show' } },
    },
  ],
  missing: [
    {
      words: 'standalone-sign',
      use: 'GPG signing is not supported; sign with a key: regctl sign --key FILE IMAGE',
    },
    {
      words: 'standalone-verify',
      use: 'GPG signing is not supported; verify with a key: regctl verify --key FILE IMAGE',
    },
    { words: 'generate-sigstore-key', use: 'A pair of keys: regctl key generate' },
  ],
  exits: { MANIFEST_UNKNOWN: 2, INTERRUPTED: 130, TERMINATED: 143 },
  failure: 1,
  words: {
    PLATFORM_UNKNOWN: noImageFound,
    UNAUTHORIZED: () => 'unauthorized: authentication required',
  },
};
