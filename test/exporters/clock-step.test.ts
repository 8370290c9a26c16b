import { expect, onTestFinished, test, vi } from 'vitest';
import { meterFor, readPoints, retiringReader } from './read-metrics.ts';

/** Milliseconds of an `HrTime`. */
const at = ([seconds, nanoseconds]: readonly [number, number]) =>
  seconds * 1000 + nanoseconds / 1e6;

test.each(['cumulative', 'delta', 'lowmemory'] as const)(
  'no point of %s temporality starts later than its time once the clock has been set back',
  async (temporality) => {
    const begun = 1_700_000_000_000;
    vi.useFakeTimers({ toFake: ['Date'], now: begun });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const reader = retiringReader({ temporality });
    const meter = meterFor(reader);
    const counter = meter.createCounter('checks');
    meter.createObservableCounter('seen').addCallback((result) => result.observe(7));
    counter.add(1);
    await readPoints(reader, 'checks');

    const starts: number[] = [];
    for (const milliseconds of [-3_600_000, -3_595_000, -3_590_000]) {
      vi.setSystemTime(begun + milliseconds);
      counter.add(1);
      const points = [
        ...(await readPoints(reader, 'checks')),
        ...(await readPoints(reader, 'seen')),
      ];
      expect(points).not.toEqual([]);
      for (const { startTime, endTime } of points) {
        expect(at(startTime)).toBeLessThanOrEqual(at(endTime));
      }
      starts.push(at(points[0]?.startTime ?? [NaN, 0]));
    }
    // A total begins once, at the first time known after the step.
    if (temporality === 'cumulative') expect(new Set(starts)).toEqual(new Set([begun - 3_600_000]));
  },
);
