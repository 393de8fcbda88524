import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Programs by other projects that `npm run peers` builds, by the names of `scripts/peers.mjs`. */
export type PeerName =
  | 'actionlint'
  | 'conformance'
  | 'cosign'
  | 'crane'
  | 'distribution'
  /** A dockerd of 2025 or later, with its containerd. */
  | 'docker-engine'
  | 'helm'
  | 'oras'
  | 'regbot'
  /** regclient's own `regctl`. */
  | 'regclient'
  /** A folder with regclient's `build/ci-test.sh`. */
  | 'regclient-tests'
  | 'regsync'
  | 'skopeo'
  /** Folders with skopeo's system tests. */
  | 'skopeo-tests-bookworm'
  | 'skopeo-tests-sid';

const PEERS_FOLDER =
  process.env['REGCTL_PEERS'] ??
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'regctl-peers');

/**
 * The path of a peer: what `npm run peers` built, else what PATH has under that name. `undefined`
 * if neither. Suites use `describeUnless(missingPeers("crane"), …)`, which puts the reason in the name.
 */
export function peer(name: PeerName): string | undefined {
  return [join(PEERS_FOLDER, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** Why a test that needs these peers cannot run; `undefined` if it can. */
export function missingPeers(...names: readonly PeerName[]): string | undefined {
  const missing = names.filter((name) => peer(name) === undefined);
  return missing.length === 0 ? undefined : `run "npm run peers": ${missing.join(', ')} missing`;
}
