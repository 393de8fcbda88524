import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fault, type FaultProxy, startFaultProxy } from '../helpers/fault-proxy.ts';
import { makeImage, pushImage, type TestImage } from '../helpers/images.ts';
import { describeWith } from '../helpers/when.ts';
import { FORGETTING, KEEPING, type Kind, type Registry } from './kinds.ts';
import { expectWhole, IMPATIENT, quickWire, tryCopy } from './lab.ts';

const MIB = 1024 * 1024;
const SIZE = 10 * MIB;

let image: TestImage;
/** Has the image as `app`, for all tests. */
let origin: Registry;
beforeAll(async () => {
  image = await makeImage({ layers: 1, layerSize: SIZE });
  origin = await KEEPING.start();
  await pushImage(origin.origin, 'app', ['v1'], image);
});
afterAll(() => origin[Symbol.asyncDispose]());

/** The first data request above a size meets the fault; resumed ones do not. */
function onceOnData(fault: Fault): (proxy: FaultProxy) => void {
  return (proxy) => {
    let met = false;
    proxy.schedule = ({ method, headers }) => {
      const data = method === 'PUT' && Number(headers['content-length'] ?? 0) > MIB;
      if (!data || met) return undefined;
      met = true;
      return fault;
    };
  };
}

function suite(kind: Kind): void {
  const expectCopy = async (
    harm: (proxy: FaultProxy) => void,
    check: (seen: { source: FaultProxy; destination: FaultProxy }) => void | Promise<void>,
    options: Parameters<typeof quickWire>[0] = {},
  ): Promise<void> => {
    await using to = await kind.start();
    await using source = await startFaultProxy(origin);
    await using destination = await startFaultProxy(to);
    harm(destination);
    await using wire = quickWire(options);
    const error = await tryCopy(wire, source.host, destination.host);
    expect(error).toBeUndefined();
    await expectWhole(to.origin, 'copy', 'v1', image);
    await check({ source, destination });
  };

  it('continues a cut upload where the registry says', async () => {
    await expectCopy(onceOnData({ kind: 'cut-up', after: 6 * MIB }), ({ source, destination }) => {
      const again = kind.keeps ? 0 : 6 * MIB;
      expect(destination.bytes.up).toBeLessThan(SIZE + again + 2 * MIB);
      // Buffers on the way may have taken all of the source by then: it is read again at most once.
      expect(source.bytes.down).toBeLessThan(2 * SIZE + MIB);
    });
  });

  it('sends nothing twice when only the answer was lost', async () => {
    await expectCopy(onceOnData({ kind: 'lose-answer' }), ({ destination }) => {
      expect(destination.bytes.up).toBeLessThan(SIZE + 2 * MIB);
    });
  });

  it('goes on after a 503 in mid-upload', async () => {
    await expectCopy(
      onceOnData({ kind: 'answer-up', after: 4 * MIB, status: 503 }),
      () => undefined,
    );
  });

  it('goes on after a stall', async () => {
    await expectCopy(onceOnData({ kind: 'stall-up', after: 4 * MIB }), () => undefined, {
      timeouts: IMPATIENT,
    });
  });

  it('sends a damaged blob once more', async () => {
    await expectCopy(onceOnData({ kind: 'corrupt-up', at: 3 * MIB }), () => undefined);
  });

  it('sends in chunks where one request is too large', async () => {
    await expectCopy(
      (proxy) => {
        proxy.schedule = ({ method, headers }) => {
          const length = Number(headers['content-length'] ?? 0);
          const large = (method === 'PUT' || method === 'PATCH') && length > 4 * MIB;
          return large ? { kind: 'answer', status: 413 } : undefined;
        };
      },
      ({ destination }) => {
        expect(destination.lines.filter((line) => line.startsWith('PATCH'))).toHaveLength(2);
      },
    );
  });

  it('keeps to chunks of 4 MiB when it continues and is told to (GHCR)', async () => {
    const cut = onceOnData({ kind: 'cut-up', after: 3 * MIB });
    await expectCopy(
      (proxy) => {
        cut(proxy);
        const { schedule } = proxy;
        proxy.schedule = (request, count) => {
          const length = Number(request.headers['content-length'] ?? 0);
          const ranged = request.headers['content-range'] !== undefined;
          return ranged && length > 4 * MIB
            ? { kind: 'answer', status: 416 }
            : schedule(request, count);
        };
      },
      ({ destination }) => {
        expect(destination.bytes.up).toBeLessThan(SIZE + 5 * MIB);
      },
    );
  });

  it('realigns a chunk that was cut', async () => {
    await expectCopy(
      (proxy) => {
        let patches = 0;
        proxy.schedule = ({ method, headers }) => {
          if (method === 'PUT' && Number(headers['content-length']) > 4 * MIB) {
            return { kind: 'answer', status: 413 };
          }
          if (method === 'PATCH') patches += 1;
          return method === 'PATCH' && patches === 2 ? { kind: 'cut-up', after: MIB } : undefined;
        };
      },
      ({ destination }) => {
        expect(destination.bytes.up).toBeLessThan(SIZE + (kind.keeps ? 2 : 9) * MIB);
      },
    );
  });
}

describe('a registry that keeps sessions', () => {
  suite(KEEPING);
});
describeWith(['docker-registry'], 'docker-registry, which forgets them', () => {
  suite(FORGETTING);
});
