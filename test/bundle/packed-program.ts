import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lines, Program } from '../../lab/support/program.ts';
import { until } from '../../lab/support/until.ts';
import { ENOUGH, freePort } from '../support/start-program.ts';

const PACKED = join(import.meta.dirname, '../../dist/kubenurse.cjs');

const LISTENS_LIMIT_MS = 10_000;

/**
 * Copies the packed program alone to a separate folder, where, as in the image, the repository's
 * packages are not found.
 */
export async function packedProgram(stack: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-packed-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, 'kubenurse.cjs');
  await copyFile(PACKED, file);
  return { folder, file };
}

/**
 * Runs it, checking only itself, until the stack is disposed of. Resolves when it listens at `url`.
 */
export async function startPacked(
  stack: AsyncDisposableStack,
  file: string,
  env: Readonly<Record<string, string>>,
) {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const stdout = new Lines();
  const program = new Program(
    file,
    { ...ENOUGH, KUBENURSE_PORT: port, KUBENURSE_SERVICE_URL: url, ...env },
    { stdout, stderr: stdout },
  );
  stack.defer(() => program.stop());
  await until('the program listens', LISTENS_LIMIT_MS, () =>
    stdout.all.some((line) => line.includes('is listening')),
  ).catch((error) => {
    throw new Error(`${error.message}\n${stdout.all.join('\n')}`, { cause: error });
  });
  return { url, stdout };
}
