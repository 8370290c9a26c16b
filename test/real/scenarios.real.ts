import { COMPONENT_SCENARIOS, NODE_FAULTS } from '../../lab/cluster/scenarios.ts';
import { REAL_SCENARIOS } from '../../lab/real/scenarios.ts';
import { playAll } from './cluster-fixture.ts';

// NODE_CHANGES are in rollouts.ts.
playAll('IPv4', { network: '10.61' }, [...NODE_FAULTS, ...COMPONENT_SCENARIOS, ...REAL_SCENARIOS]);
