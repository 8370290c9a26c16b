import { SCENARIOS } from '../../lab/cluster/scenarios.ts';
import { REAL_SCENARIOS } from '../../lab/real/scenarios.ts';
import { playAll } from './cluster-fixture.ts';

playAll('IPv4', { network: '10.61' }, [...SCENARIOS, ...REAL_SCENARIOS]);
