import { parseArgs } from 'node:util';

/** What the command line requests; `verdict`: the file to evaluate, `-` for standard input. */
export type Command = 'run' | 'check-config' | 'help' | 'version' | Readonly<{ verdict: string }>;

/** The arguments are invalid; the message names them. */
export class UsageError extends Error {}

/** Reads the arguments, without those of Node itself. Throws a `UsageError`. */
export function readCommand(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'check-config': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
    if (values.help) return 'help';
    if (values.version) return 'version';
    if (positionals.length > 0) return verdictCommand(positionals);
    return values['check-config'] ? 'check-config' : 'run';
  } catch (cause) {
    // Removes Node's hint about positional arguments.
    const [reason] = (cause as Error).message.split('. To specify a positional');
    throw new UsageError(`${reason}; see kubenurse --help`, { cause });
  }
}

function verdictCommand([command, file, ...more]: readonly string[]): Command {
  if (command !== 'verdict') throw new Error(`unknown command "${command}"`);
  if (file === undefined || more.length > 0) throw new Error('verdict takes one file');
  return { verdict: file };
}
