import { containersStorageTransport } from './containers-storage/transport.ts';
import { dirTransport } from './dir/transport.ts';
import { dockerArchiveTransport } from './docker-archive/transport.ts';
import { dockerDaemonTransport } from './docker-daemon/transport.ts';
import { dockerTransport } from './docker/transport.ts';
import { ociArchiveTransport } from './oci-archive/transport.ts';
import { ociLayoutTransport } from './oci-layout/transport.ts';
import type { Transport } from './types.ts';

/** All transports; every lookup uses this table. */
export const TRANSPORTS: readonly Transport[] = [
  dockerTransport,
  ociLayoutTransport,
  ociArchiveTransport,
  dockerArchiveTransport,
  dirTransport,
  dockerDaemonTransport,
  containersStorageTransport,
];
