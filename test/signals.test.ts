import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import { ENOUGH, freePort, startListening } from './support/start-program.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** Runs a command as PID 1 of a PID namespace, in a user namespace, which does not require root. */
const AS_PID_1 = '--pid --fork --kill-child --mount-proc --user --map-root-user'.split(' ');
const canUnshare = spawnSync('unshare', [...AS_PID_1, 'true']).status === 0;

/** The bit of SIGTERM, 15, in a signal mask. */
const SIGTERM = 1n << 14n;

/** The only child of the process, once it has a handler for SIGTERM: Node's own, at first. */
function childWithHandler(parent: number): number | undefined {
  const child = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').trim();
  if (child === '') return undefined;
  const status = readFileSync(`/proc/${child}/status`, 'latin1');
  const [, caught = '0'] = /^SigCgt:\s*(\w+)$/m.exec(status) ?? [];
  return (BigInt(`0x${caught}`) & SIGTERM) === 0n ? undefined : Number(child);
}

test.skipIf(!canUnshare)(
  'SIGTERM ends the program as PID 1 even while Node is starting',
  async () => {
    const port = String(await freePort());
    const unshare = spawn('unshare', [...AS_PID_1, process.execPath, MAIN], {
      env: {
        PATH: process.env.PATH,
        ...ENOUGH,
        KUBENURSE_PORT: port,
        KUBENURSE_SERVICE_URL: `http://127.0.0.1:${port}`,
        KUBENURSE_SHUTDOWN_DURATION: '10ms',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void unshare.kill('SIGKILL'));
    const output = text(unshare.stdout);
    const closed = once(unshare, 'close');
    let pid: number | undefined;
    await until('a handler is there', 10_000, () => {
      pid = childWithHandler(unshare.pid ?? 0);
      return pid !== undefined;
    });
    process.kill(pid ?? 0, 'SIGTERM');
    expect(await closed).toEqual([0, null]);
    expect(await output).toContain('kubenurse has stopped');
  },
);

test('SIGUSR1 neither opens an inspector nor ends the program', async () => {
  const { child, closed, stderr, url } = await startListening({
    KUBENURSE_SHUTDOWN_DURATION: '300ms',
  });
  child.kill('SIGUSR1');
  expect((await httpGet(`${url}/alwayshappy`, 1_000)).status).toBe(200);
  child.kill('SIGUSR1');
  child.kill('SIGTERM');
  expect(await closed).toBe(0);
  // Node would write where its debugger listens, or that it cannot.
  expect(stderr.all).toEqual([]);
});

test('signal handlers are installed before anything else is loaded', () => {
  const main = readFileSync(MAIN, 'utf8');
  expect(/^import .*$/m.exec(main)?.[0]).toBe("import './signals.ts';");
});
