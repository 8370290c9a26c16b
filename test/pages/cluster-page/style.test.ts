import { expect, test } from 'vitest';
import { STYLE } from '../../../src/pages/cluster-page/style.ts';

type Palette = ReadonlyMap<string, string>;
type Pair = readonly [text: string, background: string];

/** WCAG 2.2, 1.4.3 (AA) for text of normal size, and 1.4.11 for shapes. */
const TEXT = 4.5;
const SHAPE = 3;

const [LIGHT = '', DARK = ''] = [...STYLE.matchAll(/:root \{(.+?)\}/gs)].map(([, body]) => body);

function paletteOf(...bodies: readonly string[]): Palette {
  const all = bodies.flatMap((body) => [...body.matchAll(/(--[\w-]+): (#\w+)/g)]);
  return new Map(all.map(([, name = '', value = '']) => [`var(${name})`, value]));
}

const PALETTES = { light: paletteOf(LIGHT), dark: paletteOf(LIGHT, DARK) };

/** Relative luminance of `#rgb` or `#rrggbb`, as WCAG defines it. */
function luminance(hex: string): number {
  const digits = hex.length === 4 ? hex.replaceAll(/\w/g, '$&$&') : hex;
  const [red = 0, green = 0, blue = 0] = (digits.match(/\w\w/g) ?? []).map((channel) => {
    const share = Number.parseInt(channel, 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const COLOUR = '(#\\w+|var\\(--[\\w-]+\\))';

function colourIn(body: string, property: string): string | undefined {
  return new RegExp(`(?:^|[;{\\s])${property}: (?:linear-gradient\\()?${COLOUR}`).exec(body)?.[1];
}

/**
 * What may be behind text without a background: the page, cards, and the start of a card's
 * gradient.
 */
const BEHIND = ['page', 'card', 'fail-bg', 'ok-bg'].map((name) => `var(--${name})`);
/** The colours of text in a finding: others are only on the page or on cards. */
const IN_FINDINGS = new Set(['text', 'soft', 'link'].map((name) => `var(--${name})`));

/** Every colour of text with its background, from each rule of the stylesheet. */
function pairs(): Pair[] {
  const rules = [...STYLE.matchAll(/([^{}]+)\{([^{}]+)\}/g)];
  return rules.flatMap(([, , body = '']): Pair[] => {
    const text = colourIn(body, 'color');
    const own = colourIn(body, 'background');
    if (text !== undefined && own !== undefined) return [[text, own]];
    if (text !== undefined) {
      const behind = IN_FINDINGS.has(text) ? BEHIND : BEHIND.slice(0, 2);
      return behind.map((background) => [text, background]);
    }
    return [];
  });
}

function tooLow(palette: Palette, all: readonly Pair[], least: number): string[] {
  return [...new Map(all.map((pair) => [pair.join(' on '), pair]))].flatMap(([name, pair]) => {
    const [a = '', b = ''] = pair.map((each) => palette.get(each) ?? each);
    const ratio = contrast(a, b);
    return ratio >= least ? [] : [`${name}: ${ratio.toFixed(2)}`];
  });
}

test('contrast() is that of WCAG', () => {
  expect(contrast('#000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777', '#fff')).toBeCloseTo(4.48, 2);
});

test.each(Object.entries(PALETTES))('text is legible in the %s colours', (_, palette) => {
  const all = pairs();
  expect(all.length).toBeGreaterThan(40);
  expect(tooLow(palette, all, TEXT)).toEqual([]);
});

/** Bars of failures, borders of what is focused or broken, and the outline of a field. */
const SHAPES = ['bar', 'solid', 'link', 'soft', 'warn'].flatMap((shape): Pair[] =>
  ['page', 'card'].map((behind) => [`var(--${shape})`, `var(--${behind})`]),
);

test.each(Object.entries(PALETTES))('shapes are visible in the %s colours', (_, palette) => {
  expect(tooLow(palette, SHAPES, SHAPE)).toEqual([]);
});
