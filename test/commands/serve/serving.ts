import { run } from '../../../src/commands/serve/run.ts';
import type { Context } from '../../../src/commands/context.ts';
import type { Result } from '../../../src/commands/result.ts';
import type { Input } from '../../../src/commands/types.ts';
import { plainTemporaries } from '../../../src/util/temporaries.ts';
import { fakeContext, input } from '../fake-context.ts';

/** Serves while `body` runs, then ends the server. */
export async function serving(
  options: Input['options'],
  more: Partial<Pick<Context, 'cwd' | 'now' | 'onSignal' | 'temporaries' | 'locate' | 'openRead'>>,
  body: (base: string, context: ReturnType<typeof fakeContext>) => Promise<void>,
): Promise<{ result: Result; context: ReturnType<typeof fakeContext>; base: string }> {
  const context = fakeContext({ temporaries: async () => plainTemporaries(), ...more });
  const stop = new AbortController();
  let ready: (base: string) => void = () => undefined;
  const listening = new Promise<string>((resolve) => {
    ready = resolve;
  });
  const watched: Context = {
    ...context,
    note: (text) => {
      context.note(text);
      const base = /^listening on (.*)\/$/u.exec(text)?.[1];
      if (base !== undefined) ready(base);
    },
  };
  const running = run(watched, input([], { listen: '127.0.0.1:0', ...options }), {
    signal: stop.signal,
  });
  const base = await Promise.race([listening, running.then(() => '')]);
  try {
    await body(base, context);
  } finally {
    stop.abort();
  }
  return { result: await running, context, base };
}
