import type { Store } from './registry.mjs';

/** The images that every line finds. */
export function build(host: string): Store;
/** The files of the working directory; with `mentions`, of the images only those that it names. */
export function workdir(store: Store, directory: string, host: string, mentions?: string): void;
