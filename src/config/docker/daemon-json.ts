import { BlockList } from 'node:net';
import { AppError } from '../../errors/app-error.ts';
import { isRegistryHost } from '../../reference/names.ts';
import { configInvalid, parseJsonFile, type JsonObject } from '../files/json.ts';
import { readTextFile } from '../files/text.ts';
import { isIP, isIPv6 } from '../../util/text/ip-address.ts';

/** A mirror of Docker Hub, which keeps the paths of repositories. */
export interface HubMirror {
  /** "mirror.example:5000" */
  readonly host: string;
  /** The file uses "http://": TLS is not tried. */
  readonly plain: boolean;
}

/** The registry settings of Docker's daemon.json (moby daemon/pkg/registry). */
export interface DaemonConfig {
  readonly mirrors: readonly HubMirror[];
  /** Lower-case `host[:port]`. */
  readonly insecureHosts: ReadonlySet<string>;
  /** Whether an address lies in a network that the file marks as insecure. */
  readonly isInsecureAddress: (address: string) => boolean;
  /** False if no network is named: no address needs a lookup then. */
  readonly hasNetworks: boolean;
}

/** @throws AppError CONFIG_INVALID (missing, malformed), IO */
export async function loadDaemonConfig(
  path: string,
  warn: (text: string) => void,
): Promise<DaemonConfig> {
  const file = await readTextFile(path);
  if (file === undefined) {
    throw new AppError('CONFIG_INVALID', `${path} does not exist`, {
      hint: 'Correct --daemon-config.',
    });
  }
  return parseDaemonConfig(file.text, path, warn);
}

/** @throws AppError CONFIG_INVALID naming the entry that is wrong */
export function parseDaemonConfig(
  text: string,
  path: string,
  warn: (text: string) => void,
): DaemonConfig {
  const json = parseJsonFile(text, path);
  const insecureHosts = new Set<string>();
  const networks = new BlockList();
  let hasNetworks = false;
  for (const entry of stringsAt(json, 'insecure-registries', path)) {
    const name = withoutScheme(entry, path, warn);
    const [address = '', bits, ...more] = name.split('/');
    if (bits === undefined && isRegistryHost(name)) {
      insecureHosts.add(name.toLowerCase().replace(/:443$/u, ''));
    } else if (more.length === 0 && isNetwork(address, bits)) {
      networks.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
      hasNetworks = true;
    } else {
      throw configInvalid(
        path,
        `insecure-registries: ${JSON.stringify(entry)} is neither HOST[:PORT] nor a network such as 10.0.0.0/8`,
      );
    }
  }
  return {
    mirrors: stringsAt(json, 'registry-mirrors', path).map((one) => mirrorOf(one, path)),
    insecureHosts,
    isInsecureAddress: (address) =>
      isIP(address) !== 0 && networks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4'),
    hasNetworks,
  };
}

/** `http(s)://HOST[:PORT][/]` and nothing else. The error does not quote a login. */
function mirrorOf(text: string, path: string): HubMirror {
  const wrong = (rule: string): AppError =>
    new AppError('CONFIG_INVALID', `${path}: registry-mirrors: ${rule}`, {
      hint: `Correct ${path}. A mirror below a path goes into registries.conf, as [[registry.mirror]] with its location.`,
    });
  if (!URL.canParse(text)) throw wrong(`${JSON.stringify(text)} is not a URL`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw wrong(`the URL of ${url.host} has a user or password in it`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw wrong(`${JSON.stringify(text)} is neither http:// nor https://`);
  }
  if (url.search !== '' || url.hash !== '' || !/^\/*$/u.test(url.pathname)) {
    throw wrong(`${JSON.stringify(text)} has more after the host than "/"`);
  }
  const plain = url.protocol === 'http:';
  // A URL drops its default port, and a host without a port means HTTPS.
  return { host: plain && url.port === '' ? `${url.host}:80` : url.host, plain };
}

function withoutScheme(entry: string, path: string, warn: (text: string) => void): string {
  const name = entry.replace(/^https?:\/\//iu, '');
  if (name !== entry) {
    warn(`${path}: insecure-registries: the scheme of ${JSON.stringify(entry)} is ignored`);
  }
  return name;
}

function isNetwork(address: string, bits: string | undefined): boolean {
  if (bits === undefined || !/^\d{1,3}$/u.test(bits)) return false;
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 6 ? 128 : 32);
}

function stringsAt(json: JsonObject, key: string, path: string): readonly string[] {
  const value = Object.hasOwn(json, key) ? json[key] : undefined;
  if (value === undefined || value === null) return [];
  const list: unknown = value;
  if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list;
  throw configInvalid(path, `${key} must be a list of texts in quotes`);
}
