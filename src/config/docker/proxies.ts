import { getIgnoringCase, type DockerConfig } from './config-json.ts';
import { configInvalid, isJsonObject, type JsonObject, type JsonValue } from '../files/json.ts';
import type { DockerProxies } from '../proxies/rules.ts';

/**
 * Reads `proxies.default` of Docker's configuration (docker/cli, ProxyConfig). Sections of single
 * daemons do not apply to registries. @throws AppError CONFIG_INVALID if a value is not text
 */
export function dockerProxies({ raw, path }: DockerConfig): DockerProxies | undefined {
  const proxies = objectAt(getIgnoringCase(raw, 'proxies'), 'proxies', path);
  const section = proxies && objectAt(getIgnoringCase(proxies, 'default'), 'proxies.default', path);
  if (section === undefined) return undefined;
  const text = (name: string): string | undefined => {
    const value = getIgnoringCase(section, name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value;
    throw configInvalid(path, `proxies.default.${name} must be text in quotes`);
  };
  return {
    path,
    httpProxy: text('httpProxy'),
    httpsProxy: text('httpsProxy'),
    noProxy: text('noProxy'),
  };
}

function objectAt(
  value: JsonValue | undefined,
  where: string,
  path: string,
): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (isJsonObject(value)) return value;
  throw configInvalid(path, `${where} must be an object`);
}
