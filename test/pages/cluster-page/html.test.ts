import { expect, test } from 'vitest';
import { html, nodeLink, trusted } from '../../../src/pages/cluster-page/html.ts';

test.each([
  ['markup', '<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['the end of an attribute', `" onclick='x`, '&quot; onclick=&#39;x'],
  ['an entity', '&lt;', '&amp;lt;'],
  ['what changes the direction of text', 'node\u202e1-edon', 'node 1-edon'],
  ['control characters and line ends', 'a\u0000\r\nb', 'a b'],
  ['half of a character', '\ud800', '\ufffd'],
])('html escapes %s', (_, value, escaped) => {
  expect(html`<b title="${value}">${value}</b>`.markup).toBe(
    `<b title="${escaped}">${escaped}</b>`,
  );
});

test('html escapes the elements of lists, and nests its own markup', () => {
  const items = ['<', '>'].map((each) => html`<li>${each}</li>`);
  expect(html`<ul>${[items, ['&']]}</ul>${false}${undefined}${0}`.markup).toBe(
    '<ul><li>&lt;</li><li>&gt;</li>&amp;</ul>0',
  );
  expect(html`${trusted('<hr>')}`.markup).toBe('<hr>');
});

test('html does not trust what only looks like its own markup', () => {
  const lookalike = JSON.parse('{"markup":"<script>"}');
  expect(html`${lookalike}`.markup).not.toContain('<script>');
});

test('nodeLink() encodes any name', () => {
  expect(nodeLink('node-1')).toBe('?node=node-1#node');
  expect(nodeLink('javascript:"&#\ud800')).toBe('?node=javascript%3A%22%26%23%EF%BF%BD#node');
});
