export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(labels?: Labels, amount?: number): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/** Metrics in the text format of Prometheus, version 0.0.4. */
export interface Metrics {
  counter(name: string, help: string): Counter;
  /** `buckets`: upper bounds in ascending order, without infinity. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** `read` is called for each page. */
  reading(
    name: string,
    help: string,
    read: () => Iterable<readonly [Labels, number]>,
    type?: 'gauge' | 'counter',
  ): void;
  text(): string;
}

interface Series {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
}

export function createMetrics(): Metrics {
  const blocks: (() => string)[] = [];
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      blocks.push(() =>
        block(
          name,
          'counter',
          help,
          [...values].map(([key, value]) => `${name}${key} ${value}`),
        ),
      );
      return {
        add(labels = {}, amount = 1) {
          const key = labelText(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    histogram(name, help, buckets) {
      const all = new Map<string, Series>();
      blocks.push(() =>
        block(
          name,
          'histogram',
          help,
          [...all.values()].flatMap((one) => seriesLines(name, buckets, one)),
        ),
      );
      return {
        observe(labels, value) {
          const key = labelText(labels);
          const series = all.get(key) ?? { labels, counts: [...buckets, 0].fill(0), sum: 0 };
          all.set(key, series);
          const at = buckets.findIndex((bound) => value <= bound);
          const slot = at < 0 ? buckets.length : at;
          series.counts[slot] = (series.counts[slot] ?? 0) + 1;
          series.sum += value;
        },
      };
    },
    reading(name, help, read, type = 'gauge') {
      const line = ([labels, value]: readonly [Labels, number]): string =>
        `${name}${labelText(labels)} ${value}`;
      blocks.push(() => block(name, type, help, Array.from(read(), line)));
    },
    text: () => blocks.map((one) => one()).join(''),
  };
}

function block(name: string, type: string, help: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
}

function seriesLines(
  name: string,
  buckets: readonly number[],
  { labels, counts, sum }: Series,
): string[] {
  let total = 0;
  const lines = [...buckets, Infinity].map((bound, at) => {
    total += counts[at] ?? 0;
    const le = bound === Infinity ? '+Inf' : String(bound);
    return `${name}_bucket${labelText({ ...labels, le })} ${total}`;
  });
  return [
    ...lines,
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${total}`,
  ];
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/gu, (char) => ESCAPES[char] ?? '')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
