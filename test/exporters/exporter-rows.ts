import { stripVTControlCharacters } from 'node:util';
import { onTestFinished, vi } from 'vitest';
import type { Format } from '../../exporters/exporter.ts';
import { seriesOf } from '../support/scraped-metrics.ts';
import type { Series } from './exported-series.ts';
import { fromJson, fromProtobuf } from './otlp-messages.ts';
import { startReceiver } from './receiver.ts';

/** An exporter to test against every rule of the contract. */
export type Row = Readonly<{
  title: string;
  /** As in OTEL_METRICS_EXPORTER. */
  name: string;
  /** The parts of a metric that it does not export. */
  omits?: readonly ('histograms' | 'gauges' | 'starts')[];
  /** Starts its receiver. */
  open: () => Promise<Receiver>;
}>;

export type Receiver = Readonly<{
  environment: Record<string, string>;
  /** For an exporter that is scraped: the format, and a parser of its response. */
  scraped?: Readonly<{ format: Format; parse: (body: string) => Series[] }>;
  /**
   * For one that pushes: every export so far; `stdout`: what it wrote to standard output as a
   * separate process.
   */
  exports?: (stdout?: string) => Series[][];
  /** From now on accepts exports without responding, if the receiver can do so. */
  hang?: () => void;
}>;

const TEXT: Row = {
  title: 'prometheus as text',
  name: 'prometheus',
  omits: ['starts'],
  open: async () => ({
    environment: {},
    scraped: { format: 'text', parse: (body) => fromText(body) },
  }),
};

const OPENMETRICS: Row = {
  title: 'prometheus as OpenMetrics',
  name: 'prometheus',
  open: async () => ({
    environment: {},
    scraped: { format: 'openmetrics', parse: (body) => fromText(body) },
  }),
};

const CONSOLE: Row = {
  title: 'console',
  name: 'console',
  omits: ['starts'],
  open: async () => {
    let written = '';
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written += text;
      return true;
    });
    onTestFinished(() => spy.mockRestore());
    return { environment: {}, exports: (stdout = written) => fromLines(stdout) };
  },
};

const MODULE: Row = {
  title: 'a module of somebody else',
  name: './test/exporters/my-exporter.mjs',
  omits: ['histograms', 'gauges', 'starts'],
  open: async () => {
    const { url, received, hang } = await startReceiver();
    return {
      environment: { MY_ENDPOINT: url },
      exports: () =>
        received.map(({ body }) =>
          [...body.toString().matchAll(/^(\S+) (\{.*\}) (\S+)$/gm)].map(
            ([, name = '', attributes = '', value]) => ({
              name,
              attributes: JSON.parse(attributes),
              value: Number(value),
            }),
          ),
        ),
      hang,
    };
  },
};

function otlp(protocol: 'http/protobuf' | 'http/json', compression: 'gzip' | 'none'): Row {
  const [type, read] =
    protocol === 'http/json'
      ? (['application/json', fromJson] as const)
      : (['application/x-protobuf', fromProtobuf] as const);
  const expected = `/v1/metrics,${type},${compression === 'gzip' ? 'gzip' : ''}`;
  return {
    title: `otlp with ${protocol} and ${compression}`,
    name: 'otlp',
    open: async () => {
      const { url, received, hang } = await startReceiver();
      return {
        environment: {
          OTEL_EXPORTER_OTLP_ENDPOINT: url,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_COMPRESSION: compression,
        },
        exports: () =>
          received.map(({ path, headers, body }) => {
            const posted = [path, headers['content-type'], headers['content-encoding']].join();
            if (posted !== expected) throw new Error(`posted as ${posted}, not as ${expected}`);
            return read(body);
          }),
        hang,
      };
    },
  };
}

/** Every exporter. */
export const ROWS: readonly Row[] = [
  TEXT,
  OPENMETRICS,
  otlp('http/protobuf', 'none'),
  otlp('http/protobuf', 'gzip'),
  otlp('http/json', 'none'),
  otlp('http/json', 'gzip'),
  CONSOLE,
  MODULE,
];

type Mutable = { -readonly [Key in keyof Series]: Series[Key] };

/** The series of a scrape, with the parts of each histogram put together. */
function fromText(body: string): Series[] {
  const types = new Map(
    [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, ...type]) => type) as [string, string][],
  );
  const series = new Map<string, Mutable>();
  for (const [line, value] of Object.entries(seriesOf(body))) {
    const { name, part, le, attributes } = readSample(line, types);
    const key = `${name} ${JSON.stringify(attributes)}`;
    const one: Mutable = series.get(key) ?? { name, attributes, value: 0 };
    series.set(key, one);
    if (part === 'created') one.start = value * 1000;
    else if (part === undefined) one.value = value;
    else one.value = withPart(one.value, part, value, le);
  }
  return [...series.values()];
}

/**
 * The metric that a sample belongs to, and which part of it; undefined if the sample is the whole.
 */
function readSample(line: string, types: ReadonlyMap<string, string>) {
  const [, sample = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(line) ?? [];
  const { le, ...attributes } = Object.fromEntries(
    [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, ...label]) => label),
  );
  const [, family = sample, part] = /^(\w+)_(bucket|sum|count|created)$/.exec(sample) ?? [];
  const isCounter = part === 'created' && types.get(family) === 'counter';
  return { name: isCounter ? `${family}_total` : family, part, le, attributes };
}

/** The histogram with one more of its parts; `le`: the bound of a bucket. */
function withPart(
  histogram: Series['value'],
  part: string,
  value: number,
  le: string,
): Series['value'] {
  const { boundaries, counts, ...rest } =
    typeof histogram === 'number' ? { count: 0, sum: 0, boundaries: [], counts: [] } : histogram;
  if (part !== 'bucket') return { boundaries, counts, ...rest, [part]: value };
  const below = counts.reduce((sum, count) => sum + count, 0);
  return {
    ...rest,
    boundaries: le === '+Inf' ? boundaries : [...boundaries, Number(le)],
    counts: [...counts, value - below],
  };
}

/** The series that `console` writes; an export ends where a metric repeats. */
function fromLines(text: string): Series[][] {
  const exports: Series[][] = [];
  let names = new Set<string>();
  for (const line of stripVTControlCharacters(text).split('\n')) {
    if (!line.startsWith('{"metric"')) continue;
    const { metric, points } = JSON.parse(line);
    if (exports.length === 0 || names.has(metric)) {
      exports.push([]);
      names = new Set();
    }
    names.add(metric);
    for (const { attributes, value } of points) {
      const { count, sum, buckets } = value;
      exports.at(-1)?.push({
        name: metric,
        attributes,
        value: buckets ? { count, sum, ...buckets } : value,
      });
    }
  }
  return exports;
}
