import { AggregationTemporality, type Histogram } from '@opentelemetry/sdk-metrics';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { meterFor, readMetrics, readPoints, retiringReader, valuesOf } from './read-metrics.ts';

/** Milliseconds of an `HrTime`. */
const at = ([seconds, nanoseconds]: readonly [number, number]) =>
  seconds * 1000 + nanoseconds / 1e6;

/** A clock that only the test advances. */
function stoppedClock() {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return { pass: (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds) };
}

/** A reader that keeps what is not in `gone`, and a counter. */
function counted({ maxStreams = 100 } = {}) {
  const gone = new Set<string>();
  let dropped = 0;
  const reader = retiringReader({
    isStale: ({ type }) => gone.has(String(type)),
    maxStreams,
    onDropped: (_, streams) => {
      dropped = streams;
    },
  });
  const meter = meterFor(reader);
  const counter = meter.createCounter('checks');
  const add = (type: string, by = 1) => counter.add(by, { type });
  const points = () => readPoints(reader, 'checks');
  return { gone, dropped: () => dropped, reader, meter, add, points };
}

describe('totals', () => {
  test('add up counters', async () => {
    const { add, points, reader } = counted();
    add('a');
    add('b', 2);
    expect(valuesOf(await points())).toEqual({ a: 1, b: 2 });
    add('a', 4);
    expect(valuesOf(await points())).toEqual({ a: 5, b: 2 });
    const { checks } = await readMetrics(reader);
    expect(checks?.aggregationTemporality).toBe(AggregationTemporality.CUMULATIVE);
  });

  test('are there even if nothing at all is new', async () => {
    const { add, points } = counted();
    expect(await points()).toEqual([]);
    add('a');
    expect(valuesOf(await points())).toEqual({ a: 1 });
    expect(valuesOf(await points())).toEqual({ a: 1 });
  });

  test('add up histograms, with minimum and maximum', async () => {
    const reader = retiringReader();
    const advice = { explicitBucketBoundaries: [1, 10] };
    const histogram = meterFor(reader).createHistogram('seconds', { advice });
    const read = async () => (await readPoints(reader, 'seconds'))[0]?.value as Histogram;
    for (const value of [0.5, 5]) histogram.record(value);
    await read();
    for (const value of [0.25, 20, 30]) histogram.record(value);
    expect(await read()).toEqual({
      buckets: { boundaries: [1, 10], counts: [2, 1, 2] },
      count: 5,
      sum: 55.75,
      min: 0.25,
      max: 30,
    });
  });

  test('add up observable and falling counters', async () => {
    const reader = retiringReader();
    const meter = meterFor(reader);
    let seconds = 5;
    meter.createObservableCounter('cpu').addCallback((result) => result.observe(seconds));
    const level = meter.createUpDownCounter('level');
    level.add(7);
    const read = async () => {
      const { cpu, level } = await readMetrics(reader);
      return [cpu?.dataPoints[0]?.value, level?.dataPoints[0]?.value];
    };
    expect(await read()).toEqual([5, 7]);
    seconds = 8;
    level.add(-3);
    expect(await read()).toEqual([8, 4]);
  });

  test('keep the last value of a gauge, for as long as its set is wanted', async () => {
    let wanted = ['a', 'b'];
    const reader = retiringReader({ isStale: ({ type }) => !wanted.includes(String(type)) });
    const level = meterFor(reader).createGauge('level');
    level.record(1, { type: 'a' });
    level.record(2, { type: 'b' });
    expect(valuesOf(await readPoints(reader, 'level'))).toEqual({ a: 1, b: 2 });
    level.record(3, { type: 'b' });
    expect(valuesOf(await readPoints(reader, 'level'))).toEqual({ a: 1, b: 3 });
    wanted = ['b'];
    expect(valuesOf(await readPoints(reader, 'level'))).toEqual({ b: 3 });
  });

  test('of two readers are independent of each other', async () => {
    const [one, other] = [retiringReader(), retiringReader()];
    const counter = meterFor(one, other).createCounter('checks');
    counter.add(1);
    expect(valuesOf(await readPoints(one, 'checks'))).toEqual({ '': 1 });
    counter.add(1);
    expect(valuesOf(await readPoints(one, 'checks'))).toEqual({ '': 2 });
    expect(valuesOf(await readPoints(other, 'checks'))).toEqual({ '': 2 });
  });

  test('begin once, and end at each collection, even if nothing is new', async () => {
    const clock = stoppedClock();
    const { add, points } = counted();
    add('a');
    const begin = Date.now();
    for (const adds of [0, 1, 0]) {
      clock.pass(1_000);
      if (adds > 0) add('b');
      for (const point of await points()) {
        expect(at(point.endTime)).toBe(Date.now());
        expect(at(point.startTime)).toBe(point.attributes.type === 'a' ? begin : begin + 2_000);
      }
    }
    expect(valuesOf(await points())).toEqual({ a: 1, b: 1 });
  });

  test('keep the objects of their attributes, so that text can be cached by them', async () => {
    const { add, points } = counted();
    add('a');
    const [first] = await points();
    add('a');
    expect((await points())[0]?.attributes).toBe(first?.attributes);
  });
});

describe('a set that is no longer wanted', () => {
  test('is forgotten, and starts again when it comes back', async () => {
    const clock = stoppedClock();
    const { add, points, gone } = counted();
    add('a', 5);
    add('b');
    const [born] = await points();
    clock.pass(1_000);
    gone.add('a');
    expect(valuesOf(await points())).toEqual({ b: 1 });
    clock.pass(1_000);
    gone.delete('a');
    expect(valuesOf(await points())).toEqual({ b: 1 });
    add('a', 2);
    const again = await points();
    expect(valuesOf(again)).toEqual({ a: 2, b: 1 });
    const a = again.find(({ attributes }) => attributes.type === 'a');
    expect(at(a?.startTime ?? [0, 0])).toBeGreaterThan(at(born?.startTime ?? [0, 0]));
  });

  test('is not brought back by what was last recorded of it', async () => {
    const { add, points, gone } = counted();
    add('a');
    await points();
    add('a');
    gone.add('a');
    expect(await points()).toEqual([]);
    gone.clear();
    expect(await points()).toEqual([]);
  });

  test.each(['delta', 'lowmemory'] as const)('is left out of %s, too', async (temporality) => {
    const reader = retiringReader({ temporality, isStale: ({ type }) => type === 'a' });
    const meter = meterFor(reader);
    for (const type of ['a', 'b']) {
      meter.createCounter('checks').add(1, { type });
      meter.createHistogram('seconds').record(1, { type });
    }
    const { checks, seconds } = await readMetrics(reader);
    expect(checks?.dataPoints.map(({ attributes }) => attributes)).toEqual([{ type: 'b' }]);
    expect(seconds?.dataPoints.map(({ attributes }) => attributes)).toEqual([{ type: 'b' }]);
  });
});

describe('the maximum of streams', () => {
  test('drops new ones, counts those that are currently dropped, and keeps known ones', async () => {
    const { add, points, dropped } = counted({ maxStreams: 3 });
    add('a');
    add('b');
    expect(valuesOf(await points())).toEqual({ a: 1, b: 1 });
    add('a');
    add('c');
    expect(valuesOf(await points())).toEqual({ a: 2, b: 1, c: 1 });
    expect(dropped()).toBe(0);
    add('b');
    add('d');
    expect(valuesOf(await points())).toEqual({ a: 2, b: 2, c: 1 });
    expect(dropped()).toBe(1);
    add('d');
    add('e');
    await points();
    expect(dropped()).toBe(2);
    await points();
    expect(dropped()).toBe(2);
  });

  test('counts those of all metrics together', async () => {
    const { add, meter, reader, dropped } = counted({ maxStreams: 2 });
    add('a');
    await readMetrics(reader);
    const seconds = meter.createHistogram('seconds');
    seconds.record(1, { type: 'a' });
    await readMetrics(reader);
    add('b');
    expect(valuesOf(await readPoints(reader, 'checks'))).toEqual({ a: 1 });
    expect(dropped()).toBe(1);
  });

  test('has room again once one is stale', async () => {
    const { add, points, gone, dropped } = counted({ maxStreams: 2 });
    for (const type of ['a', 'b', 'c', 'd', 'e']) {
      add(type);
      expect(Object.keys(valuesOf(await points())).at(-1)).toBe(type);
      gone.add([...'zabcde'][[...'abcde'].indexOf(type)] ?? '');
    }
    expect(dropped()).toBe(0);
  });

  test('no longer counts one that is stale, or that now has room', async () => {
    const { add, points, gone, dropped } = counted({ maxStreams: 3 });
    for (const type of ['x', 'y', 'a', 'b', 'c']) add(type);
    await points();
    expect(dropped()).toBe(2);
    gone.add('b');
    await points();
    expect(dropped()).toBe(1);
    gone.add('a');
    add('c');
    expect(valuesOf(await points())).toEqual({ x: 1, y: 1, c: 1 });
    expect(dropped()).toBe(0);
  });
});

describe('a temporality', () => {
  /**
   * The values and temporalities of a counter, an observable counter and a histogram, read twice.
   */
  async function readTwice(temporality: 'cumulative' | 'delta' | 'lowmemory') {
    const reader = retiringReader({ temporality });
    const meter = meterFor(reader);
    const counter = meter.createCounter('counter');
    const histogram = meter.createHistogram('histogram');
    meter.createObservableCounter('observable').addCallback((result) => result.observe(10));
    const reads = [];
    for (const value of [1, 2]) {
      counter.add(value);
      histogram.record(value);
      const { counter: sum, histogram: seconds, observable } = await readMetrics(reader);
      reads.push({
        counter: sum?.dataPoints[0]?.value,
        histogram: (seconds?.dataPoints[0]?.value as Histogram | undefined)?.sum,
        observable: observable?.dataPoints[0]?.value,
        isDelta: [sum, seconds, observable].map(
          (metric) => metric?.aggregationTemporality === AggregationTemporality.DELTA,
        ),
      });
    }
    return reads;
  }

  test('that is cumulative continues', async () => {
    const isDelta = [false, false, false];
    expect(await readTwice('cumulative')).toEqual([
      { counter: 1, histogram: 1, observable: 10, isDelta },
      { counter: 3, histogram: 3, observable: 10, isDelta },
    ]);
  });

  test('of deltas starts again', async () => {
    const isDelta = [true, true, true];
    expect(await readTwice('delta')).toEqual([
      { counter: 1, histogram: 1, observable: 10, isDelta },
      { counter: 2, histogram: 2, observable: 0, isDelta },
    ]);
  });

  test('of low memory leaves what is observed as it is', async () => {
    const isDelta = [true, true, false];
    expect(await readTwice('lowmemory')).toEqual([
      { counter: 1, histogram: 1, observable: 10, isDelta },
      { counter: 2, histogram: 2, observable: 10, isDelta },
    ]);
  });
});
