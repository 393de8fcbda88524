import type { Location } from '../transports/types.ts';
import type { Temporaries } from '../util/temporaries.ts';
import type { Io } from '../cli/io.ts';

/** Names of temporary files that say whose they are; a registry needs none, so it asks nobody. */
export function lazyTemporaries(
  io: Pick<Io, 'processes' | 'uid' | 'now'>,
): (location?: Pick<Location, 'scheme'>) => Promise<Temporaries> {
  let named: Promise<Temporaries> | undefined;
  const open = async (processes: Io['processes']): Promise<Temporaries> => {
    const { createTemporaries } = await import('../util/temporaries.ts');
    const now = (): number => io.now().getTime();
    return createTemporaries({ processes: await processes?.(), uid: io.uid, now });
  };
  return (location) =>
    location?.scheme === 'docker' ? open(undefined) : (named ??= open(io.processes));
}
