import type { OpenReadOptions, OpenWriteOptions, ReadStore, WriteStore } from '../store/types.ts';
import type { Location } from '../transports/types.ts';
import type { CallOptions } from '../util/abort.ts';
import type { SourceName } from './naming.ts';

/** The places that a sync reads and writes, with the settings of this machine and the sync file. */
export interface SyncPlaces {
  /** @throws AppError INVALID_REFERENCE, UNKNOWN_TRANSPORT */
  locate(text: string): Location;
  /**
   * Splits "host" or "host/prefix/" into both parts; the prefix keeps its slash.
   * @throws AppError INVALID_REFERENCE
   */
  registryOf(text: string): { readonly host: string; readonly prefix: string };
  /** Returns `undefined` for anything but a repository in a registry. */
  nameOf(location: Location): SourceName | undefined;
  /** Whether a target is a directory with one subdirectory per image (`dir:`). */
  isDirectories(target: string): boolean;
  catalog(host: string, options?: CallOptions): AsyncIterable<readonly string[]>;
  openRead(source: Location, options?: OpenReadOptions): Promise<ReadStore>;
  openWrite(target: Location, options?: OpenWriteOptions): Promise<WriteStore>;
  /** Opens the target for reading only. */
  openTarget(target: Location, options?: OpenReadOptions): Promise<ReadStore>;
}
