import { AppError } from '../errors/app-error.ts';
import { dockerTransport } from './docker/transport.ts';
import { TRANSPORTS } from './index.ts';
import { mistakenName, withoutUserInfo } from './mistaken-names.ts';
import type { Location, Transport } from './types.ts';

/** Schemes of other tools: "sif:x" is never meant as the repository "sif" with the tag "x". */
const FOREIGN_SCHEMES: ReadonlySet<string> = new Set([
  'atomic',
  'file',
  'ftp',
  'ocidir',
  'ostree',
  'sif',
  'tarball',
]);

/**
 * Parses "scheme:rest"; anything else is the name of a registry image. "docker:27" is one, too:
 * Docker Hub has an image of that name, and the scheme is "docker://".
 * @throws AppError UNKNOWN_TRANSPORT, INVALID_REFERENCE
 */
export function locate(text: string): Location {
  const split = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/su.exec(text);
  const scheme = split?.[1] ?? '';
  const rest = split?.[2] ?? '';
  if (scheme === dockerTransport.scheme) {
    return dockerTransport.parse(rest.startsWith('//') ? rest.slice(2) : text);
  }
  const transport = TRANSPORTS.find((one) => one.scheme === scheme);
  if (transport !== undefined) {
    return transport.parse(
      rest.startsWith('//') ? withoutUserInfo(text).slice(scheme.length + 1) : rest,
    );
  }
  const mistaken = mistakenName(text);
  if (mistaken !== undefined) throw mistaken;
  if (rest.startsWith('//') || FOREIGN_SCHEMES.has(scheme)) throw unknown(text, scheme);
  return dockerTransport.parse(text);
}

/** @throws AppError UNKNOWN_TRANSPORT if the location was not created by `locate` */
export function transportOf(location: Location): Transport {
  const transport = TRANSPORTS.find((one) => one.scheme === location.scheme);
  if (transport === undefined) throw unknown(location.text, location.scheme);
  return transport;
}

function unknown(text: string, scheme: string): AppError {
  const existing = TRANSPORTS.map((one) => one.help).join('; ');
  return new AppError(
    'UNKNOWN_TRANSPORT',
    `"${withoutUserInfo(text)}" has the unknown transport "${scheme}"`,
    {
      hint: `Transports: ${existing}.`,
    },
  );
}
