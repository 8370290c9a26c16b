import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tied } from '../support/owned-process.ts';
import { Lines } from '../support/program.ts';
import { until } from '../support/until.ts';

/** A network namespace whose loopback interface has only one address, as on macOS. */
const SINGLE = `
ip link set lo up
ip addr add 127.0.0.1/32 dev lo
ip addr del 127.0.0.1/8 dev lo
exec "$@"`;
const COMMAND = ['unshare', '--map-root-user', '--net', '--', 'sh', '-ec', SINGLE, 'sh'];

function isPossible(): boolean {
  return spawnSync(COMMAND[0] ?? '', [...COMMAND.slice(1), 'true']).status === 0;
}

test.skipIf(!isPossible())(
  'the demo runs where loopback has one address, and executes pasted lines in order',
  async () => {
    const demo = [process.execPath, join(import.meta.dirname, 'demo.ts'), '--nodes', '2'];
    const [command = '', ...args] = tied([...COMMAND, ...demo]);
    const child = spawn(command, args);
    const output = new Lines();
    output.follow(child.stdout);
    const shows = (text: string) => output.all.some((line) => line.endsWith(text));
    try {
      await until('all is ok', 20_000, () => shows('all checks ok'));
      expect(output.all).toContain('node-2 http://127.0.0.1:20258/alive');
      expect(output.all).toContain('cluster http://127.0.0.1:20257/cluster');
      child.stdin.write('break node-2:down\nheal all\nheal all\nbreak ingress:503\n');
      await until('all are executed', 5_000, () => shows('broken: ingress:503'));
      const results = output.all.map((line) => line.replace(/^\S+ /, ''));
      expect(results.filter((text) => /^(broken|healed|nothing)/.test(text))).toEqual([
        'broken: node-2:down',
        'healed: node-2',
        'nothing is broken',
        'broken: ingress:503',
      ]);
      await until('the fault shows', 20_000, () => shows('me_ingress: 503 Service Unavailable'));
      const exit = once(child, 'exit');
      child.stdin.write('quit\n');
      expect(await exit).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  },
);

test('--real and --kubernetes name the programs that are not built, and start nothing', async () => {
  const root = join(import.meta.dirname, '../..');
  const copy = await mkdtemp(join(tmpdir(), 'kubenurse-demo-'));
  onTestFinished(() => rm(copy, { recursive: true }));
  const filter = (path: string) => basename(path) !== 'bin';
  await cp(join(root, 'lab'), join(copy, 'lab'), { recursive: true, filter });
  for (const each of await readdir(root)) {
    if (each !== 'lab') await symlink(join(root, each), join(copy, each));
  }
  const refusal = (option: string) => {
    const args = [join(copy, 'lab/demo/demo.ts'), option];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  expect(refusal('--real')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'no etcd, kube-apiserver, kubectl, impair: run npm run tools first\n',
  });
  expect(refusal('--kubernetes')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(/^no coredns, etcd, .*, pause: run npm run tools first\n$/),
  });
});
