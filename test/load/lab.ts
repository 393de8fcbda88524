import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { newMachine, type Machine } from '../e2e/regctl.ts';
import type { Finished, RunOptions } from '../helpers/commands.ts';
import { blob, configFor, image, type TestImage } from '../helpers/graphs.ts';

/** The whole load, with figures: `REGCTL_LOAD=full npx vitest run --project load`. */
export const FULL = process.env['REGCTL_LOAD'] === 'full';

/**
 * Megabytes that no command may need, whatever it lists or copies. 130 on a quiet machine; on a busy
 * one V8 collects its garbage later.
 */
export const MAX_MB = FULL ? 130 : 250;

/**
 * The most connections that one side may see: `--concurrency`, and two of which the server has yet to
 * hear that they were closed.
 */
export const CONNECTIONS = 6 + 2;

export interface Cost {
  /** Ended because nothing was left to do, not by force. */
  readonly drained: boolean;
  /** `undefined` where the system does not tell. */
  readonly peakMb: number | undefined;
  readonly seconds: number;
}

export interface Watched extends Finished, Cost {}

export interface Lab extends AsyncDisposable {
  readonly machine: Machine;
  /** Runs regctl, which must succeed, stay small and end by itself. */
  regctl(args: readonly string[], options?: RunOptions): Promise<Watched>;
}

export async function newLab(): Promise<Lab> {
  const machine = await newMachine();
  const watcher = pathToFileURL(join(import.meta.dirname, 'watched.mjs')).href;
  let runs = 0;
  return {
    machine,
    async regctl(args, options = {}) {
      runs += 1;
      const reports = machine.dir.join(`reports-${runs}`);
      await mkdir(reports);
      const env = {
        ...options.env,
        REGCTL_LOAD_REPORTS: reports,
        NODE_OPTIONS: `--import ${watcher}`,
      };
      const begun = performance.now();
      const done = await machine.expect(0, args, { ...options, env });
      const seconds = (performance.now() - begun) / 1000;
      const [file = ''] = await readdir(reports);
      const said = JSON.parse(await readFile(join(reports, file), 'utf8')) as {
        drained: boolean;
        peakKb: number | null;
      };
      await rm(reports, { recursive: true });
      const peakMb = said.peakKb === null ? undefined : Math.round(said.peakKb / 1024);
      expect(said.drained, `regctl ${args.join(' ')} had something open at its end`).toBe(true);
      expect(peakMb ?? 0, `MB that regctl ${args.join(' ')} needed`).toBeLessThanOrEqual(MAX_MB);
      return { ...done, drained: said.drained, peakMb, seconds };
    },
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  };
}

/** A line of the table in docs/reliability.md, when the whole load is run. */
export function tell(what: string, { seconds, peakMb }: Cost, connections?: number): void {
  if (!FULL) return;
  const cells = [what, `${seconds.toFixed(1)} s`, `${peakMb} MB`, connections ?? ''];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

/** Small images that share one layer. */
export function smallImage(name: string, layers = 1): TestImage {
  const own = Array.from({ length: layers }, (_, i) => blob(`${name} layer ${i}`));
  return image({ config: configFor('amd64', 'linux', name), layers: [blob('base'), ...own] });
}
