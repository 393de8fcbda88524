/** Places of images on this machine and in registries, as stores. */
export { REQUIRED_NODE } from './node-version.ts';
export type { OpenWriteOptions } from './store/types.ts';
export { openDirForRead, openDirForWrite, type DirOptions } from './transports/dir/store.ts';
export { openDockerArchiveForRead } from './transports/docker-archive/open.ts';
export { openDockerArchiveForWrite } from './transports/docker-archive/write-store.ts';
export { createRegistryStore } from './transports/docker/store.ts';
export type { FolderOptions } from './transports/files/folder-lock.ts';
export { openOciArchiveForRead, openOciArchiveForWrite } from './transports/oci-archive/store.ts';
export type { LayoutOptions } from './transports/oci-layout/files.ts';
export { openLayoutForRead, openLayoutForWrite } from './transports/oci-layout/store.ts';
export type { EngineContext, Location, OpenContext } from './transports/types.ts';
