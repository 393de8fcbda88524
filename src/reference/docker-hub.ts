/** Docker Hub's logical name; a `Reference` never contains one of its aliases. */
export const DOCKER_HUB = 'docker.io';

/** Host that answers the v2 API for a logical registry (moby daemon/pkg/registry/config.go). */
export function apiHost(registry: string): string {
  return registry === DOCKER_HUB ? 'registry-1.docker.io' : registry.toLowerCase();
}

/** Key of a registry in Docker's config.json and credential helpers. */
export function credentialKey(registry: string): string {
  return isHubHost(registry) ? 'https://index.docker.io/v1/' : registry.toLowerCase();
}

/** Every host name under which Docker Hub's credentials may be looked up (protocol deviation D5). */
export function isHubHost(host: string): boolean {
  return host === DOCKER_HUB || host === 'index.docker.io' || host === 'registry-1.docker.io';
}
