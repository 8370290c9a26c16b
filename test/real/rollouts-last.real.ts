import { playRollouts } from './rollouts.ts';

playRollouts('10.68', [4, 5]);
