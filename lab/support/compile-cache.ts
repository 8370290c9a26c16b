import { join } from 'node:path';

/**
 * Variables with which a program written for Node keeps its compiled code for the next start (`module.enableCompileCache`).
 * Measured: a start from TypeScript takes 0.75 s of CPU time instead of 1.1 s. Node goes on without where it cannot write.
 */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/node'),
};
