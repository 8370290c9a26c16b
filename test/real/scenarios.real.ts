import { REAL_SCENARIOS } from '../cluster/real/scenarios.ts';
import { SCENARIOS } from '../cluster/scenarios.ts';
import { playAll } from './cluster-fixture.ts';

playAll('IPv4', { network: '10.61' }, [...SCENARIOS, ...REAL_SCENARIOS]);
