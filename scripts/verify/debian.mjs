import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { step } from './steps.mjs';

/** Debian packages that the tests use as real peers, by the program that each contains. */
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
  // Large packages, which take longer to install than the usual tests take to run.
  peers: {
    podman: 'podman',
    buildah: 'buildah',
    dockerd: 'docker.io',
    chromium: 'chromium',
    zsh: 'zsh',
    fish: 'fish',
    bats: 'bats',
    jq: 'jq',
  },
};

function has(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Installs missing packages as root on Debian; elsewhere lists them and skips their tests. */
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
  // Installs one by one: this release of Debian may lack one of them.
  for (const name of packages) step('Debian packages', 'apt-get', [...install, name], env);
}
