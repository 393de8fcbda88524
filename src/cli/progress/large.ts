import type { CopyEvent } from '../../copy/types.ts';

/** Minimum size of a large blob. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** Passes events on, and notifies when the first large transfer starts and the last one ends. */
export function watchLargeTransfers(
  emit: (event: CopyEvent) => void,
  notice: ((moving: boolean) => void) | undefined,
): (event: CopyEvent) => void {
  const moving = new Set<string>();
  return (event) => {
    emit(event);
    if (event.type !== 'start' && event.type !== 'end') return;
    const { digest, size } = event.descriptor;
    if (size < LARGE_BYTES) return;
    const before = moving.size;
    if (event.type === 'start') moving.add(digest);
    else moving.delete(digest);
    if ((before === 0) !== (moving.size === 0)) notice?.(moving.size > 0);
  };
}
