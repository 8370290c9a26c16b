import { setImmediate } from 'node:timers/promises';
import { createInTurn } from '../../src/pages/in-turn.ts';

/** There is always time, in the next turn of the event loop. */
export const anyTime = (): Promise<unknown> => setImmediate();

export const inTurn = createInTurn(anyTime);
