import { join } from 'node:path';

/**
 * Variables with which a program written for Node caches its compiled code for the next start
 * (`module.enableCompileCache`). Measured: a start from TypeScript takes 0.75 s of CPU time instead
 * of 1.1 s. If Node cannot write, it continues without the cache.
 */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/node'),
};
