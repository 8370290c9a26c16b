import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { COMPILE_CACHE } from '../lab/support/compile-cache.ts';
import { verdict } from '../src/verdict/verdict.ts';
import { PROGRAM } from './support/program-file.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { smallView } from './verdict/small-view.ts';

const VIEW = smallView({ silent: { 'node-2': 'refused' } });
/** Evaluated again, so that the saved findings do not matter. */
const SAVED = JSON.stringify({ schema: 1, findings: [], view: VIEW });

function kubenurse(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    input,
    encoding: 'utf8',
    env: COMPILE_CACHE,
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

test('kubenurse verdict evaluates a saved /cluster.json, from a file or standard input', () => {
  const file = temporaryFile(SAVED);
  const evaluated = kubenurse(['verdict', file]);
  expect(evaluated).toMatchObject({ status: 0, stderr: '' });
  expect(evaluated.stdout).toContain('\nCRITICAL: kubenurse on node-2 does not run: ');
  expect(verdict(VIEW)).toHaveLength(1);
  expect(kubenurse(['verdict', '-'], SAVED)).toEqual(evaluated);
});

test.each<[args: string[], input: string, message: RegExp]>([
  [['verdict', '/no/such/file'], '', /^kubenurse: cannot evaluate \/no\/such\/file: ENOENT.*\n$/],
  [
    ['verdict', '-'],
    '<html>',
    /^kubenurse: cannot evaluate standard input: the file must be JSON\n$/,
  ],
  [['verdict', '-'], '{}', /^kubenurse: cannot evaluate standard input: view must be an object\n$/],
  [['verdict'], '', /^kubenurse: verdict takes one file; see kubenurse --help\n$/],
  [['verdict', 'a', 'b'], '', /^kubenurse: verdict takes one file; see kubenurse --help\n$/],
  [['judge'], '', /^kubenurse: unknown command "judge"; see kubenurse --help\n$/],
])('kubenurse %j with bad input reports the mistake, and exits with 2', (args, input, message) => {
  const { status, stdout, stderr } = kubenurse(args, input);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(message);
});
