import { basename, join } from 'node:path';
import { run } from '../../lab/support/command.ts';

/**
 * Compiles a C program, such as `client.c`, and resolves to its path in `folder`. Rejects with the
 * compiler's message, or if there is no compiler.
 */
export async function compile(
  source: string,
  folder: string,
  libraries: readonly string[] = [],
): Promise<string> {
  const file = join(folder, basename(source, '.c'));
  const link = libraries.map((library) => `-l${library}`);
  await run(['cc', '-O2', '-Wall', '-Wextra', '-o', file, source, ...link]).catch((cause) => {
    const reason = 'it takes a C compiler (Debian packages gcc, libc6-dev, libssl-dev)';
    throw new Error(`${source} could not be compiled: ${reason}: ${cause.message}`, { cause });
  });
  return file;
}
