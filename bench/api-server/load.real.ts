import { beforeAll, describe, expect, test } from 'vitest';
import { whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import type { Load } from './load.ts';
import { measure, STATUS_UPDATES } from './measure.ts';

const LARGE = 100;
/** It takes half a minute on an idle machine. */
const START_LIMIT_MS = 180_000;

describe.skipIf(whyNoControlPlane())('the load on the API server', () => {
  let loads: readonly Load[];
  const of = (client: Load['client'], nodes = LARGE): Load => {
    const found = loads.find((load) => load.client === client && load.nodes === nodes);
    if (found === undefined) throw new Error(`${client} at ${nodes} nodes was not measured`);
    return found;
  };
  beforeAll(async () => {
    ({ loads } = await measure([5, LARGE], () => {}));
  }, START_LIMIT_MS);

  test('kubenurse is sent no event for a status update of a node that is not cordoned', () => {
    expect(of('watch-all').statusUpdates.events.nodes).toBeGreaterThanOrEqual(
      STATUS_UPDATES * (LARGE - 1),
    );
    // The API server's own bookmarks, about one a minute.
    expect(of('kubenurse').statusUpdates.events.nodes).toBeLessThanOrEqual(2);
  });

  test('kubenurse is sent an event when a node is cordoned, and when it is uncordoned', () => {
    const { events, times } = of('kubenurse').cordons;
    expect(times).toBe(4);
    expect(events.nodes).toBeGreaterThanOrEqual(2 * times);
    expect(events.nodes).toBeLessThanOrEqual(2 * times + 2);
  });

  test.each([5, LARGE])('kubenurse lists and watches at the start, with %i nodes', (nodes) => {
    const pages = Math.ceil(nodes / 50);
    const requests = of('kubenurse', nodes).start.requests.filter(({ verb }) => verb !== 'get');
    expect(requests).toHaveLength(4);
    expect(requests).toEqual(
      expect.arrayContaining([
        { verb: 'list', resource: 'pods', count: pages },
        { verb: 'watch', resource: 'pods', count: 1 },
        { verb: 'list', resource: 'nodes', count: 1 },
        { verb: 'watch', resource: 'nodes', count: 1 },
      ]),
    );
  });

  test('after the start kubenurse requests nothing but the version in its checks', () => {
    for (const { client, later } of loads) {
      const kinds = later.requests.map(({ verb, resource }) => `${verb} ${resource}`);
      expect(kinds).toEqual(client === 'kubenurse' ? ['get /version'] : []);
    }
  });

  test('kubenurse is sent less than a tenth of what a client that watches all nodes is sent', () => {
    const watched = ({ statusUpdates, cordons }: Load) =>
      statusUpdates.bytes.nodes + cordons.bytes.nodes;
    expect(watched(of('kubenurse'))).toBeLessThan(watched(of('watch-all')) / 10);
  });

  test.each(['kubenurse', 'watch-all'] as const)(
    'the bytes that the API server reports for %s match those on the network',
    (client) => {
      const { bytes, wireBytes } = of(client).replacements;
      expect(bytes.pods).toBeGreaterThan(wireBytes * 0.9);
      // A check may fall into the period.
      expect(bytes.pods).toBeLessThan(wireBytes);
    },
  );
});
