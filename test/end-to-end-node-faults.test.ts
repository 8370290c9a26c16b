import { NODE_FAULTS } from '../lab/cluster/scenarios.ts';
import { playEndToEnd } from './support/end-to-end.ts';

// Each group has its own file, so that their waits overlap.
playEndToEnd('127.22', NODE_FAULTS);
