import type { OpenReadOptions, OpenWriteOptions, ReadStore, WriteStore } from '../store/types.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { SourceName } from './naming.ts';

/** What a sync reaches, with the settings of this machine and of the sync file. */
export interface SyncPlaces {
  /** @throws AppError INVALID_REFERENCE, UNKNOWN_TRANSPORT */
  locate(text: string): Location;
  /** "host" or "host/prefix/" → both, the prefix with its slash. @throws AppError INVALID_REFERENCE */
  registryOf(text: string): { readonly host: string; readonly prefix: string };
  /** `undefined` for what is no repository of a registry. */
  nameOf(location: Location): SourceName | undefined;
  /** Whether a target is a directory with a directory for each image (`dir:`). */
  isDirectories(target: string): boolean;
  catalog(host: string, options?: CallOptions): AsyncIterable<readonly string[]>;
  openRead(source: Location, options?: OpenReadOptions): Promise<ReadStore>;
  openWrite(target: Location, options?: OpenWriteOptions): Promise<WriteStore>;
  /** The target, to look at only. */
  openTarget(target: Location, options?: OpenReadOptions): Promise<ReadStore>;
}
