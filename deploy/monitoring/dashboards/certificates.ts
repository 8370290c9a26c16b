import type { Panel, Step } from './grafana.ts';
import { stat } from './panels.ts';
import { of } from './promql.ts';
import { table } from './tables.ts';

const DAY_SECONDS = 86_400;

/** The days of the alerts about certificates. */
const STEPS: readonly Step[] = [
  { color: 'red', value: null },
  { color: 'orange', value: 3 },
  { color: 'green', value: 14 },
];

/** Days until certificates expire: the least that any node sees. */
function daysLeft(by: string): string {
  const seconds = `${of('kubenurse_certificate_not_after_seconds')} - time()`;
  return `min by (${by}) (${seconds}) / ${DAY_SECONDS}`;
}

/** The certificates of all TLS checks. */
export const CERTIFICATES: readonly Panel[] = [
  stat({
    title: 'Next expiry of a certificate',
    description:
      'Days until the first certificate of any TLS check expires; negative: it has expired. Alerts fire at 14 and at 3 days. To the right is which one it is.',
    queries: [{ expr: `min(${daysLeft('type')})` }],
    width: 4,
    height: 7,
    unit: 'd',
    steps: STEPS,
  }),
  table({
    title: 'Days until certificates expire',
    description:
      'For each TLS check, also one that fails, the soonest that any node sees. leaf: the certificate of the server. earliest: the first to expire of all that the server sends; if it is sooner than leaf, renew the intermediate certificate.',
    queries: [{ expr: `sort(${daysLeft('type, certificate')})` }],
    width: 20,
    height: 7,
    unit: 'd',
    labels: { type: { title: 'Check' }, certificate: { title: 'Certificate' } },
    values: [{ title: 'Days left', unit: 'd', steps: STEPS }],
  }),
];
