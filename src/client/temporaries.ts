import type { Location } from '../transports/types.ts';
import type { Temporaries } from '../util/temporaries.ts';
import type { Machine } from './types.ts';

/**
 * Names temporary files after their owner; created on first use, so that registry commands look up
 * no process.
 */
export function lazyTemporaries(
  machine: Pick<Machine, 'processes' | 'uid' | 'now' | 'beginWait'>,
): (location?: Pick<Location, 'scheme'>) => Promise<Temporaries> {
  let named: Promise<Temporaries> | undefined;
  const open = async (processes: Machine['processes']): Promise<Temporaries> => {
    const { createTemporaries } = await import('../util/temporaries.ts');
    const now = (): number => machine.now().getTime();
    const { uid, beginWait } = machine;
    return createTemporaries({ processes: await processes?.(), uid, now, beginWait });
  };
  return (location) =>
    location?.scheme === 'docker' ? open(undefined) : (named ??= open(machine.processes));
}
