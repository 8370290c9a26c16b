import { test } from 'vitest';
import { missingTools } from '../../lab/tools/tool.ts';
import { expectSamples, type Input, series } from './dashboard-samples.ts';

const [missing] = missingTools(['promtool']);
const reason = missing === undefined ? '' : ` (${missing} is missing: npm run tools)`;

function counter(name: string, type: string, labels: string, values: string): Input {
  return { series: series(name, 'a', type, labels), values };
}

/** A check over HTTP with three requests between two scrapes, all of which succeed. */
function healthy(type: string): Input[] {
  return [
    counter('kubenurse_httpclient_requests_total', type, ',code="200"', '0+3x20'),
    counter('kubenurse_errors_total', type, ',event="connect_done"', '0x20'),
    counter('kubenurse_check_success', type, '', '1x20'),
  ];
}

/** UDP checks, which have no requests. `success`: the last result at each scrape. */
function udp(type: string, event: string, failures: string, success: string): Input[] {
  return [
    counter('kubenurse_udp_packets_sent_total', type, '', '0+30x20'),
    counter('kubenurse_errors_total', type, `,event="${event}"`, failures),
    counter('kubenurse_check_success', type, '', success),
  ];
}

/**
 * Node a reaches b and c over TCP. Over UDP it does not reach b, every other check of a router
 * fails, and d is a suspect.
 */
const INPUT = [
  ...healthy('path_b'),
  ...healthy('path_c'),
  ...udp('udp_b', 'round_trip_error', '0+3x20', '0x20'),
  ...udp('udp_c', 'round_trip_error', '0x20', '1x20'),
  ...udp('router', 'round_trip_error', '0+1.5x20', '0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0'),
  ...udp('udp_d', 'connect_done', '0+3x20', '0x20'),
  counter('kubenurse_neighbour_suspect', 'udp_d', '', '1x20'),
];

test.skipIf(missing !== undefined)(
  `shares in the overview include UDP checks, which no metric counts${reason}`,
  () =>
    expectSamples('kubenurse-overview', INPUT, [
      ['Checks that fail', 0, [{ labels: '{}', value: 3 }]],
      ['Share of checks that fail', 0, [{ labels: '{}', value: 0.3 }]],
      [
        'What fails now',
        0,
        [
          { labels: '{event="round_trip_error", node="a", type="udp_b"}', value: 1 },
          { labels: '{event="connect_done", node="a", type="udp_d"}', value: 1 },
          { labels: '{event="round_trip_error", node="a", type="router"}', value: 0.5 },
        ],
      ],
      [
        'Share of checks that fail now, by node and check',
        0,
        [
          { labels: '{node="a",check="router"}', value: 0.5 },
          { labels: '{node="a",check="udp"}', value: 0.5 },
          { labels: '{node="a",check="path"}', value: 0 },
        ],
      ],
      [
        'What failed when, by check',
        0,
        [
          { labels: '{check="router"}', value: 0.5 },
          { labels: '{check="udp"}', value: 0.5 },
          { labels: '{check="path"}', value: 0 },
        ],
      ],
    ]),
);

test.skipIf(missing !== undefined)(
  `the page of a node shows when its UDP checks failed${reason}`,
  () =>
    expectSamples(
      'kubenurse-path',
      INPUT,
      [
        [
          'Checks of $node that failed, when',
          0,
          [
            { labels: '{type="path_b"}', value: 0 },
            { labels: '{type="path_c"}', value: 0 },
            { labels: '{type="udp_b"}', value: 1 },
            { labels: '{type="udp_c"}', value: 0 },
            { labels: '{type="udp_d"}', value: 1 },
            { labels: '{type="router"}', value: 0.5 },
          ],
        ],
      ],
      { node: 'a', type: '.+' },
    ),
);
