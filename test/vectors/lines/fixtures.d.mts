import type { Store } from './registry.mjs';

/** The images that every line finds. */
export function build(host: string): Store;
/** The files of the working directory. */
export function workdir(store: Store, directory: string, host: string): void;
