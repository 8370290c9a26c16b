import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { openStandardOutput, type StandardOutput } from '../src/standard-output.ts';

const LINE = `${'x'.repeat(999)}\n`;

/** A named pipe; the test holds both ends. */
function pipe(): { write: number; read: () => string; close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'standard-output-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const buffer = Buffer.alloc(2 ** 16);
  return {
    write,
    read: () => {
      try {
        return buffer.toString('utf8', 0, readSync(reader, buffer));
      } catch {
        return ''; // EAGAIN: there is nothing.
      }
    },
    close: () => closeSync(reader),
  };
}

/** Reads until `end` arrives, and returns all that was read. */
async function readUntil(read: () => string, end: string): Promise<string> {
  let text = '';
  await until(`${JSON.stringify(end)} is read`, 5_000, () => {
    text += read();
    return text.includes(end);
  });
  return text;
}

test('openStandardOutput() drops and counts lines while nobody reads a pipe, and reports that once somebody does', async () => {
  const { write, read } = pipe();
  const reports: number[] = [];
  const output: StandardOutput = openStandardOutput(write, (lines) => {
    reports.push(lines);
    output.write(`dropped ${lines}\n`);
  });
  for (let i = 0; i < 3_000; i++) output.write(LINE);
  const dropped = output.droppedLines();
  // 1 MiB waits, and 64 KiB are in the pipe.
  expect(dropped).toBeGreaterThan(1_800);
  expect(dropped).toBeLessThan(2_000);
  expect(reports).toEqual([]);

  await output.flush(100);

  const first = await readUntil(read, LINE);
  output.write('again\n');
  expect(reports).toEqual([dropped]);
  const rest = await readUntil(read, `dropped ${dropped}\n`);
  expect((first + rest).split('\n').filter((line) => line.length === 999)).toHaveLength(
    3_000 - dropped,
  );
  expect(rest).toContain('again\n');
});

test('openStandardOutput() writes all pending lines before flush() resolves', async () => {
  const { write, read } = pipe();
  const output = openStandardOutput(write, () => {});
  output.write('last\n');
  await output.flush(5_000);
  expect(read()).toBe('last\n');
});

test('openStandardOutput() drops lines once a pipe is closed', async () => {
  const { write, close } = pipe();
  const output = openStandardOutput(write, () => {});
  output.write('read by nobody\n');
  close();
  await until('it is known to be closed', 5_000, () => {
    output.write('one\ntwo\n');
    return output.droppedLines() > 0;
  });
  expect(output.droppedLines() % 2).toBe(0);
  await output.flush(5_000);
});

test('openStandardOutput() drops and counts lines on a full disk', () => {
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(full));
  const output = openStandardOutput(full, () => {});
  output.write('one\n');
  output.write('two\n');
  expect(output.droppedLines()).toBe(2);
});
