import { spawn } from 'node:child_process';

/** Default timeout of a command, after which it is killed. */
const LIMIT_MS = 20_000;

/**
 * Runs a program to completion, with `input` as its standard input, and resolves with its standard
 * output. Rejects with its standard error if its exit code is not 0, or it takes longer than
 * `limitMs`, by default 20 s.
 */
export async function run(
  command: readonly string[],
  input = '',
  limitMs = LIMIT_MS,
): Promise<string> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { timeout: limitMs, killSignal: 'SIGKILL' });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  // It may end without having read its input; the exit code shows whether it failed.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.on('error', reject);
  child.on('close', (code, signal) => {
    if (code === 0) resolve(output);
    else reject(new Error(`${command.join(' ')}: ${signal ?? `exit code ${code}`}\n${errors}`));
  });
  return promise;
}
