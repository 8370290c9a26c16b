type Scale = readonly (readonly [from: number, divisor: number, suffix: string])[];

const SECONDS: Scale = [
  [3600, 3600, ' h'],
  [60, 60, ' min'],
  [1, 1, ' s'],
  [1e-3, 1e-3, ' ms'],
  [0, 1e-6, ' µs'],
];

const SCALES: Readonly<Record<string, Scale>> = {
  s: SECONDS,
  d: [[0, 1, ' days']],
  percentunit: [[0, 0.01, ' %']],
  cps: [[0, 1, ' /s']],
  bytes: [
    [2 ** 30, 2 ** 30, ' GiB'],
    [2 ** 20, 2 ** 20, ' MiB'],
    [0, 2 ** 10, ' KiB'],
  ],
  short: [[0, 1, '']],
};

/** A number as Grafana writes it in this unit. Throws if the unit is unknown. */
export function inUnit(value: number, unit: string): string {
  const scale = SCALES[unit];
  if (scale === undefined) throw new Error(`unknown unit ${unit}`);
  if (value === 0) return unit === 'percentunit' ? '0 %' : '0';
  const [, divisor, suffix] = scale.find(([from]) => Math.abs(value) >= from) ?? [0, 1, ''];
  return `${Number((value / divisor).toPrecision(3))}${suffix}`;
}
