import { join } from 'node:path';

/** The program, packed into one file (pack-program.ts). */
export const PROGRAM = join(import.meta.dirname, '../../node_modules/.cache/kubenurse.cjs');
