/**
 * The library that the command line uses. `createClient` is the short way in; its parts are below
 * it: a store from a transport, and `copyImage` between two stores. This module only re-exports.
 */
export { REQUIRED_NODE } from './node-version.ts';
export * from './client.ts';
export * from './copy.ts';
export * from './errors.ts';
export * from './oci.ts';
export * from './reference.ts';
export * from './registry.ts';
export * from './server.ts';
export * from './store.ts';
export * from './transports.ts';
