import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { authorizationContract } from './contract-authorization.ts';
import { faultContract } from './contract-faults.ts';
import { listContract } from './contract-lists.ts';
import { watchContract } from './contract-watches.ts';
import { Contracted, type Subject } from './contracted.ts';

/**
 * Declares the tests that the embedded API server and a real one share: where they differ, the
 * embedded one is wrong.
 */
export function controlPlaneContract(name: string, start: () => Promise<Subject>): void {
  describe(name, () => {
    const contracted = new Contracted();
    beforeAll(() => contracted.start(start));
    afterEach(() => contracted.clear());
    afterAll(() => contracted.close());
    authorizationContract(name, contracted);
    listContract(name, contracted);
    watchContract(name, contracted);
    faultContract(name, contracted);
  });
}
