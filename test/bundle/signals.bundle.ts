import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { packedProgram } from './packed-program.ts';

async function packed() {
  const files = new AsyncDisposableStack();
  onTestFinished(() => files.disposeAsync());
  return packedProgram(files);
}

test('the packed program listens to signals before it loads anything', async () => {
  const { folder, file } = await packed();
  const hook = join(folder, 'hook.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module'), load = Module._load;
     Module._load = function (request, parent) {
       if (parent?.filename?.endsWith('kubenurse.cjs')) {
         console.log(['SIGTERM', 'SIGINT', 'SIGUSR1'].map((name) => process.listenerCount(name)).join());
       }
       return load.apply(this, arguments);
     };`,
  );
  const child = spawn(process.execPath, ['--require', hook, file, '--version']);
  const lines = (await text(child.stdout)).trim().split('\n');
  expect(lines.length).toBeGreaterThan(10);
  expect(new Set(lines.slice(0, -1))).toEqual(new Set(['1,1,1']));
});
