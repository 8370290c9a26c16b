import { NODE_SCENARIOS } from '../lab/cluster/scenarios.ts';
import { playEndToEnd } from './support/end-to-end.ts';

// In its own file, so that its waits overlap with those of end-to-end.test.ts.
playEndToEnd('127.22', NODE_SCENARIOS);
