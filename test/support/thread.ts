import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

/** Runs a script on a separate thread until the test ends. Resolves with its first message. */
export async function startThread<T>(script: string, workerData: object): Promise<T> {
  const worker = new Worker(script, { eval: true, workerData });
  onTestFinished(async () => void (await worker.terminate()));
  const [message] = (await once(worker, 'message')) as [T];
  return message;
}
