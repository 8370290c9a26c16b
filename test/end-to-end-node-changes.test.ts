import { NODE_CHANGES } from '../lab/cluster/scenarios.ts';
import { playEndToEnd } from './support/end-to-end.ts';

playEndToEnd('127.23', NODE_CHANGES);
