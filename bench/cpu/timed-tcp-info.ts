import { writeFileSync } from 'node:fs';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { TcpAccount } from '../../src/probes/tcp-account.ts';

/*
 * Loaded before the program (`--import`): measures how long reading and recording TCP_INFO take in
 * it, and writes `TcpInfoTimes` to the file `TCP_INFO_TIMES` when it exits.
 */

/** When a call began, in milliseconds since the Unix epoch, and how many microseconds it took. */
export type TimedCall = readonly [at: number, microseconds: number];

/** Reads, and recorded values. */
export type TcpInfoTimes = Readonly<{ reads: TimedCall[]; values: TimedCall[] }>;

const times: TcpInfoTimes = { reads: [], values: [] };

type Method = (...args: unknown[]) => unknown;

/** Wraps a method, to time the calls for which `isTimed` holds. */
function time<Name extends string>(
  prototype: object,
  name: Name,
  into: TimedCall[],
  isTimed: (self: unknown) => boolean = () => true,
): void {
  const methods = prototype as Record<Name, Method>;
  const method = methods[name];
  methods[name] = function (this: unknown, ...args) {
    if (!isTimed(this)) return Reflect.apply(method, this, args);
    const begin = performance.now();
    const result = Reflect.apply(method, this, args);
    into.push([performance.timeOrigin + begin, (performance.now() - begin) * 1_000]);
    return result;
  };
}

/** The SDK's own field. */
const isOfTcp = (instrument: unknown) =>
  (instrument as { _descriptor: { name: string } })._descriptor.name.startsWith('kubenurse_tcp_');

time(TcpAccount.prototype, 'connected', times.reads);
time(TcpAccount.prototype, 'done', times.reads);
const meter = new MeterProvider().getMeter('bench');
time(Object.getPrototypeOf(meter.createHistogram('histogram')), 'record', times.values, isOfTcp);
time(Object.getPrototypeOf(meter.createCounter('counter')), 'add', times.values, isOfTcp);

process.on('exit', () => writeFileSync(process.env.TCP_INFO_TIMES ?? '', JSON.stringify(times)));
