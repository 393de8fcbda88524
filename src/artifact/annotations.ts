import type { Descriptor } from '../oci/descriptor.ts';

/** The name of a file (image-spec v1.1.1 annotations.md). */
export const TITLE = 'org.opencontainers.image.title';

/** When an artifact was made: RFC 3339 (image-spec v1.1.1 annotations.md). */
export const CREATED = 'org.opencontainers.image.created';

export function titleOf({ annotations }: Pick<Descriptor, 'annotations'>): string | undefined {
  return annotations?.[TITLE];
}
