import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { step } from './steps.mjs';

/** Debian's packages that the tests use as real peers, by the program that each brings. */
const PACKAGES = {
  usual: {
    'docker-registry': 'docker-registry',
    skopeo: 'skopeo',
    htpasswd: 'apache2-utils',
    openssl: 'openssl',
    squid: 'squid',
    zstd: 'zstd',
    'docker-credential-pass': 'golang-docker-credential-helpers',
    pass: 'pass',
    gpg: 'gnupg',
    'dbus-run-session': 'dbus',
    'gnome-keyring-daemon': 'gnome-keyring',
  },
  // Large ones, which take longer to install than the usual tests to run.
  peers: {
    podman: 'podman',
    buildah: 'buildah',
    dockerd: 'docker.io',
    chromium: 'chromium',
  },
};

function has(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Installs what is missing, as root on Debian; elsewhere says what is, whose tests are skipped. */
export function installDebianPackages(suite) {
  const packages = Object.entries(PACKAGES[suite])
    .filter(([program]) => !has(program))
    .map(([, name]) => name);
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    process.stdout.write(
      `\n== Missing ${packages.join(', ')}; not root with apt, so their tests are skipped.\n`,
    );
    return;
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '-qq', '--no-install-recommends'];
  step('Debian packages', 'apt-get', ['update', '-qq'], env);
  if (step('Debian packages', 'apt-get', [...install, ...packages], env)) return;
  // One that this release of Debian lacks must not keep the others away.
  for (const name of packages) step('Debian packages', 'apt-get', [...install, name], env);
}
