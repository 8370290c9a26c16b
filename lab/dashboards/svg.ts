/** Where something is drawn, in pixels. */
export type Box = Readonly<{ x: number; y: number; width: number; height: number }>;

type TextOptions = Readonly<{
  size?: number;
  color?: string;
  anchor?: 'start' | 'middle' | 'end';
  bold?: boolean;
}>;

const INK = '#24292e';

/** Grafana's colours of these names. */
const NAMED: Readonly<Record<string, string>> = {
  green: '#73bf69',
  orange: '#ff9830',
  red: '#f2495c',
  blue: '#5794f2',
};

/** The colours of lines, in order. */
const PALETTE = [
  '#3274d9',
  '#e0752d',
  '#37872d',
  '#a352cc',
  '#c4162a',
  '#0a8f8f',
  '#b8860b',
  '#6d4c41',
  '#e83e8c',
  '#5c6f82',
];

export function colorNamed(name: string): string {
  return NAMED[name] ?? name;
}

export function colorOfLine(index: number): string {
  return PALETTE[index % PALETTE.length] as string;
}

function escaped(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function text(x: number, y: number, value: string, options: TextOptions = {}): string {
  const { size = 11, color = INK, anchor = 'start', bold = false } = options;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${color}" text-anchor="${anchor}"${weight}>${escaped(value)}</text>`;
}

export function rect({ x, y, width, height }: Box, color: string, border = 'none'): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${color}" stroke="${border}"/>`;
}

export function line(
  from: readonly [number, number],
  to: readonly [number, number],
  color: string,
): string {
  const [x1, y1, x2, y2] = [...from, ...to].map(round);
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"/>`;
}

/** A line through these points, or an area within them. */
export function path(
  points: readonly (readonly [number, number])[],
  color: string,
  filled = false,
): string {
  const d = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`);
  const style = filled
    ? `fill="${color}" fill-opacity="0.6"`
    : `fill="none" stroke="${color}" stroke-width="1.5"`;
  return `<path d="${d.join('')}${filled ? 'Z' : ''}" ${style}/>`;
}

export function page(width: number, height: number, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Inter, Helvetica, Arial, 'DejaVu Sans', sans-serif">`;
  const ground = rect({ x: 0, y: 0, width, height }, '#f4f5f5');
  return `${[head, ground, ...parts, '</svg>'].join('\n')}\n`;
}

/** The approximate width of this text. */
export function widthOf(value: string, size = 11): number {
  return value.length * size * 0.56;
}

/** The text, truncated if it is wider than this. */
export function fitted(value: string, width: number, size = 11): string {
  const most = Math.max(1, Math.floor(width / (size * 0.56)));
  return value.length <= most ? value : `${value.slice(0, most - 1)}…`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
