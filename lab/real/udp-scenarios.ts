import type { Cluster } from '../cluster/cluster.ts';
import type { Scenario } from '../cluster/scenario.ts';
import { fault } from '../cluster/scenarios.ts';
import { until } from '../support/until.ts';
import type { RealParts } from './real-parts.ts';

/** Four nodes send 40 packets per second to a fifth. */
const LOSS_LIMIT_MS = 30_000;
const MIN_PACKETS = 400;

type Direction = 'forward' | 'backward';

/** What UDP shows and TCP does not, in clusters that check with both. */
export const UDP_SCENARIOS: readonly Scenario<RealParts>[] = [
  fault(
    'node-3:udp-drop',
    { 'udp_node-3': 'round_trip_error unreachable' },
    { blind: ['node-3'], verdict: 'extra cluster' },
  ),
  fault(
    'node-3:udp-reply-loss=30',
    {},
    {
      meanwhile: losesReplies,
      // All full-size packets may be lost by chance, and no small one.
      mayFail: (node) => (node === 'node-3' ? [] : ['udp_node-3']),
    },
  ),
];

/**
 * Resolves if many of the packets to node-3 are lost on the way back; rejects if any is lost on the
 * way there.
 */
async function losesReplies({ nodes }: Cluster): Promise<void> {
  const others = nodes.filter(({ name }) => name !== 'node-3');
  const sum = (pages: readonly string[], series: string) =>
    pages.reduce((all, page) => all + Number(page.split(`${series} `)[1]?.split('\n')[0]), 0);
  const counts = async () => {
    const pages = (await Promise.all(others.map((node) => node.get('/metrics')))).map(
      ({ body }) => body,
    );
    const lost = (direction: Direction) =>
      sum(pages, `kubenurse_udp_packets_lost_total{type="udp_node-3",direction="${direction}"}`);
    const sent = sum(pages, 'kubenurse_udp_packets_sent_total{type="udp_node-3"}');
    return { sent, forward: lost('forward'), backward: lost('backward') };
  };
  const before = await counts();
  let [forward, share] = [0, 0];
  await until('many packets are sent', LOSS_LIMIT_MS, async () => {
    const after = await counts();
    const sent = after.sent - before.sent;
    forward = after.forward - before.forward;
    share = (after.backward - before.backward) / sent;
    return sent >= MIN_PACKETS;
  });
  if (forward > 0 || share < 0.2 || share > 0.4) {
    throw new Error(`lost: ${forward} packets forward, ${share} of all backward`);
  }
}
