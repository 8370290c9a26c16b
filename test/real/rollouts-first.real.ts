import { playRollouts } from './rollouts.ts';

// In two files, so that the workers end together.
playRollouts('10.66', [1, 2, 3]);
