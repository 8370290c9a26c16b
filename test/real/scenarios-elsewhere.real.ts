import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCENARIOS } from '../../lab/cluster/scenarios.ts';
import { faketime } from '../../lab/real/faketime.ts';
import { nameServerScenarios } from '../../lab/real/name-server-scenarios.ts';
import { clockSteps, TLS_SCENARIOS } from '../../lab/real/scenarios.ts';
import { UDP_SCENARIOS } from '../../lab/real/udp-scenarios.ts';
import { playAll } from './cluster-fixture.ts';

/** For each part one way to fail, and a change that must go unnoticed. */
const SOME = [
  'node-3:down',
  'node-3:hang',
  'service:down',
  'ingress:503',
  'api-server:down',
  'dns:nxdomain',
  'a rolling update with surge',
  'a node is cordoned, drained and deleted',
];

const some = SCENARIOS.filter(({ name }) => SOME.includes(name));
const clock = join(tmpdir(), 'clock');

playAll('IPv6', { network: '10.62', families: ['IPv6'] }, some);
playAll('IPv4 and IPv6', { network: '10.63', families: ['IPv4', 'IPv6'] }, some);
playAll('IPv6 and IPv4, with TLS', { network: '10.64', families: ['IPv6', 'IPv4'], tls: true }, [
  ...some.filter(({ name }) => name !== 'node-3:hang'),
  ...TLS_SCENARIOS,
]);
playAll('over UDP as well', { network: '10.69' }, UDP_SCENARIOS, () => ({
  KUBENURSE_CHECK_UDP: 'true',
}));
playAll(
  'with two name servers',
  { network: '10.70', twoNameServers: true },
  nameServerScenarios('10.70.0.14'),
  () => ({ KUBENURSE_CHECK_DNS: 'true' }),
);
playAll('under another clock', { network: '10.65' }, clockSteps(clock), () => {
  writeFileSync(clock, '+0\n');
  return faketime(clock);
});
