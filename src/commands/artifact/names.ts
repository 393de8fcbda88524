import type { Location } from '../../transports/types.ts';

/** The place without a tag: "registry.example.com/app", "oci:DIR". */
export function placeOf({ scheme, name }: Location): string {
  return scheme === 'docker' ? name : `${scheme}:${name}`;
}
