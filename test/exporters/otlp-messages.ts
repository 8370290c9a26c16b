import type { Series } from './exported-series.ts';

/*
 * Reads an OTLP export in either encoding. Field numbers are those of opentelemetry-proto's
 * `metrics.proto` and `common.proto`, and names are those of its JSON encoding.
 */

type KeyValue = { key: string; value: { stringValue: string } };
type Point = {
  attributes?: KeyValue[];
  startTimeUnixNano: string;
  asDouble?: number;
  count?: string | number;
  sum?: number;
  bucketCounts?: (string | number)[];
  explicitBounds?: number[];
};
type Points = { dataPoints: Point[] };
type Metric = { name: string; gauge?: Points; sum?: Points; histogram?: Points };
type Request = { resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[] };

/** The kinds of fields: a message, several messages, or a reader of a scalar. */
type Field = readonly [name: string, message: Message | Read, isRepeated?: true];
type Message = Readonly<Record<number, Field>>;
type Read = (bytes: Buffer) => unknown;

const text: Read = (bytes) => bytes.toString();
const double: Read = (bytes) => bytes.readDoubleLE();
const fixed64: Read = (bytes) => bytes.readBigUInt64LE().toString();
const varint: Read = (bytes) => bytes.reduceRight((value, byte) => value * 128 + (byte & 127), 0);
const packed =
  (read: Read): Read =>
  (bytes) =>
    Array.from({ length: bytes.length / 8 }, (_, i) => read(bytes.subarray(i * 8)));

const KEY_VALUE: Message = { 1: ['key', text], 2: ['value', { 1: ['stringValue', text] }] };
const TIMES: Message = { 2: ['startTimeUnixNano', fixed64], 3: ['timeUnixNano', fixed64] };
const NUMBER_POINT: Message = {
  ...TIMES,
  4: ['asDouble', double],
  7: ['attributes', KEY_VALUE, true],
};
const HISTOGRAM_POINT: Message = {
  ...TIMES,
  4: ['count', fixed64],
  5: ['sum', double],
  6: ['bucketCounts', packed(fixed64)],
  7: ['explicitBounds', packed(double)],
  9: ['attributes', KEY_VALUE, true],
};
const temporal = (point: Message): Message => ({
  1: ['dataPoints', point, true],
  2: ['aggregationTemporality', varint],
});
const METRIC: Message = {
  1: ['name', text],
  5: ['gauge', { 1: ['dataPoints', NUMBER_POINT, true] }],
  7: ['sum', temporal(NUMBER_POINT)],
  9: ['histogram', temporal(HISTOGRAM_POINT)],
};
const REQUEST: Message = {
  1: [
    'resourceMetrics',
    {
      1: ['resource', { 1: ['attributes', KEY_VALUE, true] }],
      2: ['scopeMetrics', { 2: ['metrics', METRIC, true] }, true],
    },
    true,
  ],
};

/** The series of an `ExportMetricsServiceRequest` in JSON. */
export function fromJson(body: Buffer): Series[] {
  return seriesOf(JSON.parse(body.toString()));
}

/** The series of an `ExportMetricsServiceRequest` in protobuf. */
export function fromProtobuf(body: Buffer): Series[] {
  return seriesOf(decode(body, REQUEST) as Request);
}

function decode(bytes: Buffer, message: Message): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const { number, value } of fieldsIn(bytes)) {
    const [name, kind, isRepeated] = message[number] ?? [];
    if (name === undefined || kind === undefined) continue;
    const read = typeof kind === 'function' ? kind(value) : decode(value, kind);
    decoded[name] = isRepeated ? [...((decoded[name] as unknown[]) ?? []), read] : read;
  }
  return decoded;
}

const WIRE_TYPE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** The fields of a message, by their numbers, each with its bytes. */
function* fieldsIn(bytes: Buffer): Generator<{ number: number; value: Buffer }> {
  let at = 0;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const takeVarint = () => {
    let end = at;
    while ((bytes[end] ?? 0) >= 128) end += 1;
    return take(end + 1 - at);
  };
  const takeValue: Record<number, () => Buffer> = {
    [WIRE_TYPE.varint]: takeVarint,
    [WIRE_TYPE.fixed64]: () => take(8),
    [WIRE_TYPE.lengthDelimited]: () => take(varint(takeVarint()) as number),
    [WIRE_TYPE.fixed32]: () => take(4),
  };
  while (at < bytes.length) {
    const tag = varint(takeVarint()) as number;
    const value = takeValue[tag & 7]?.();
    if (value === undefined) throw new Error(`unknown wire type ${tag & 7}`);
    yield { number: tag >> 3, value };
  }
}

function seriesOf({ resourceMetrics }: Request): Series[] {
  const metrics = resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .flatMap(({ metrics }) => metrics);
  return metrics.flatMap(
    ({ name, gauge, sum, histogram }) =>
      (gauge ?? sum ?? histogram)?.dataPoints.map((point) => ({
        name,
        attributes: Object.fromEntries(
          (point.attributes ?? []).map(({ key, value }) => [key, value.stringValue]),
        ),
        value: valueIn(point),
        start: Number(point.startTimeUnixNano) / 1e6,
      })) ?? [],
  );
}

function valueIn({ asDouble, count, sum, bucketCounts, explicitBounds }: Point): Series['value'] {
  if (bucketCounts === undefined) return Number(asDouble);
  return {
    count: Number(count),
    sum: Number(sum),
    boundaries: explicitBounds ?? [],
    counts: bucketCounts.map(Number),
  };
}
