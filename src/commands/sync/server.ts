import { randomInt } from 'node:crypto';
import { AppError } from '../../errors/app-error.ts';
import { sanitize } from '../../errors/sanitize.ts';
import { parseGoDuration } from '../../sync/formats/duration.ts';
import { jobNameOf } from '../../sync/job-runs.ts';
import { SyncMetrics } from '../../sync/metrics.ts';
import { exitOf, totalsOf, type ImageResult } from '../../sync/results.ts';
import type { Schedule } from '../../sync/schedule.ts';
import { keepTimetable, scheduleOf } from '../../sync/timetable.ts';
import type { SyncJob } from '../../sync/types.ts';
import { sleep, type CallOptions } from '../../util/abort.ts';
import { readListen } from '../input/listen.ts';
import { readText } from '../input/read.ts';
import type { Result, Style } from '../result.ts';
import type { Input } from '../types.ts';
import { execute, planWork } from './execute.ts';
import { startHealthServer } from './health.ts';
import { readRequest, type SyncRequest } from './jobs.ts';
import { createStream } from './live.ts';
import { imageJson, imageLine, syncJson, totalsLine } from './page.ts';
import { createPlaces } from '../../client/sync/places.ts';
import { readFileArgument, type SyncContext } from './settings.ts';

/** How long a run may go on after the server was told to stop; `graceMs` of the spec is longer. */
const DRAIN_MS = 24_000;

interface Timetable {
  readonly request: SyncRequest;
  readonly jobs: ReadonlyMap<SyncJob, Schedule>;
}

/**
 * `sync server FILE`: runs each job once for what the target lacks, then by its schedule, until it
 * is interrupted. SIGHUP reads the file again.
 * @throws AppError USAGE, IO
 */
export async function serve(
  context: SyncContext,
  input: Input,
  options: CallOptions,
): Promise<Result> {
  const file = readFileArgument(input, 'sync server');
  const address = readListen(input, '127.0.0.1:0');
  const read = (): Promise<Timetable> => readTimetable(context, input, file, options);
  const first = await read();
  const run = (onImage: (image: ImageResult) => void): Promise<void> =>
    new Server(context, input, onImage, options).serve(first, address, read);
  const changed = (onImage: (image: ImageResult) => void): Promise<void> =>
    run((image) => {
      if (image.outcome !== 'unchanged') onImage(image);
    });
  return {
    kind: 'live',
    json: async () => {
      const images: ImageResult[] = [];
      await changed((image) => images.push(image));
      return syncJson(images, { requests: context.requestCount(), pulls: 0 });
    },
    pieces: (style: Style) => createStream(changed, (image) => imageLine(image, style)),
    values: () => createStream(run, imageJson),
  };
}

async function readTimetable(
  context: SyncContext,
  input: Input,
  file: string,
  options: CallOptions,
): Promise<Timetable> {
  const fromFile = { ...input, args: [], options: { ...input.options, file } };
  const request = await readRequest(context, fromFile, options);
  const jobs = new Map<SyncJob, Schedule>();
  for (const job of request.jobs) {
    const schedule = await scheduleOf(job);
    if (schedule === undefined)
      context.warn(`${job.where}: it has no schedule or interval, and does not run`);
    else jobs.set(job, schedule);
  }
  if (jobs.size > 0) return { request, jobs };
  throw new AppError('USAGE', `cannot serve ${sanitize(file)}: no job has a schedule or interval`, {
    hint: 'Give them one: "interval: 1h", or "schedule: 15 3 * * *".',
  });
}

/** @throws AppError USAGE */
function readJitter(input: Input): () => number {
  const text = readText(input, 'jitter');
  if (text === undefined) return () => 0;
  try {
    const most = Math.max(0, parseGoDuration(text));
    return () => randomInt(0, most + 1);
  } catch (error) {
    throw new AppError('USAGE', `--jitter takes a time, not "${sanitize(text)}"`, {
      hint: 'For example 30s, or 5m.',
      cause: error,
    });
  }
}

class Server {
  readonly #context: SyncContext;
  readonly #input: Input;
  readonly #onImage: (image: ImageResult) => void;
  readonly #metrics = new SyncMetrics();
  readonly #jitter: () => number;
  /** Aborts when nothing new may start. */
  readonly #stop: AbortSignal;
  /** Aborts when what runs must end, too. */
  readonly #drained = new AbortController();
  #isReady = false;

  constructor(
    context: SyncContext,
    input: Input,
    onImage: (image: ImageResult) => void,
    { signal = new AbortController().signal }: CallOptions,
  ) {
    this.#context = context;
    this.#input = input;
    this.#jitter = readJitter(input);
    this.#onImage = onImage;
    this.#stop = signal;
  }

  async serve(
    first: Timetable,
    address: Parameters<typeof startHealthServer>[0],
    read: () => Promise<Timetable>,
  ): Promise<void> {
    await using health = await startHealthServer(
      address,
      this.#metrics,
      () => this.#isReady && !this.#stop.aborted,
    );
    this.#context.note(`health and metrics: ${health.url}metrics`);
    const limit = this.#limitDrain();
    let next: Timetable | undefined = first;
    let reload = new AbortController();
    const readAgain = async (): Promise<void> => {
      try {
        next = await read();
        reload.abort();
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.#context.warn(`${sanitize(text)}; what was read before stays in use`);
      }
    };
    const stopListening = this.#context.onSignal('SIGHUP', () => void readAgain());
    try {
      for (let isFirst = true; next !== undefined && !this.#stop.aborted; isFirst = false) {
        const now: Timetable = next;
        next = undefined;
        reload = new AbortController();
        await this.#keep(now, isFirst, reload.signal);
        if (next !== undefined) this.#context.note('the file was read again');
      }
    } finally {
      stopListening();
      clearTimeout(limit());
    }
  }

  /** Runs one version of the file until it is stopped or read again. */
  async #keep({ request, jobs }: Timetable, isFirst: boolean, reload: AbortSignal): Promise<void> {
    // As regsync does: what is missing comes first, and what exists waits for its time.
    if (isFirst) {
      const missing = [...jobs.keys()].map((job) => ({ ...job, missing: true }));
      await Promise.all(missing.map((job) => this.#run(request, job)));
      this.#isReady = true;
    }
    await keepTimetable(jobs, {
      now: () => this.#context.now(),
      sleep,
      jitter: this.#jitter,
      signal: AbortSignal.any([this.#stop, reload]),
      run: (job) => this.#run(request, job),
      onNext: (job, at) => this.#context.note(`${jobNameOf(job)}: next run ${at.toISOString()}`),
    });
  }

  async #run(request: SyncRequest, job: SyncJob): Promise<void> {
    if (this.#stop.aborted) return;
    const name = jobNameOf(job);
    const images: ImageResult[] = [];
    this.#metrics.begin(name);
    let failure: unknown;
    try {
      const signal = this.#drained.signal;
      const one = { ...request, jobs: [job] };
      const places = createPlaces(this.#context, request.hosts);
      const base = { request: one, places, stopAtFirst: false };
      const plan = await planWork(this.#context, this.#input, base, { signal });
      const onImage = (image: ImageResult): void => {
        images.push(image);
        this.#onImage(image);
      };
      await execute(this.#context, this.#input, { ...base, plan, mode: 'run' }, onImage, {
        signal,
      });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      failure = error;
      this.#context.warn(`${name}: ${error.message}`);
    }
    const isSuccess = failure === undefined && exitOf(images) === 0;
    this.#metrics.end(name, images, isSuccess, this.#context.now().getTime());
    this.#context.note(`${name}: ${totalsLine(totalsOf(images))}`);
  }

  /** Ends what still runs a while after the stop. Returns the timer. */
  #limitDrain(): () => NodeJS.Timeout | undefined {
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      timer = setTimeout(() => this.#drained.abort(this.#stop.reason), DRAIN_MS);
    };
    if (this.#stop.aborted) end();
    else this.#stop.addEventListener('abort', end, { once: true });
    return () => timer;
  }
}
