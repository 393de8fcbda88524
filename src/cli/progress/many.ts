import type { CopyEvent } from '../../copy/types.ts';

/** More than an image of ten layers on five platforms. */
const MANY_CONTENTS = 100;

/** Passes events on, and notifies once when a copy turns out to have many contents. */
export function watchManyContents(
  emit: (event: CopyEvent) => void,
  notice: (() => void) | undefined,
): (event: CopyEvent) => void {
  let found = 0;
  return (event) => {
    emit(event);
    if (event.type !== 'found') return;
    found += 1;
    if (found === MANY_CONTENTS) notice?.();
  };
}
