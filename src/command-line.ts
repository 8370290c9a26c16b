import { parseArgs } from 'node:util';

/** What the command line requests. */
export type Command = 'run' | 'check-config' | 'help' | 'version';

/** The arguments are invalid; the message names them. */
export class UsageError extends Error {}

/** Reads the arguments, without those of Node itself. Throws a `UsageError`. */
export function readCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'check-config': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
    if (values.help) return 'help';
    if (values.version) return 'version';
    return values['check-config'] ? 'check-config' : 'run';
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message}; see kubenurse --help`, { cause });
  }
}
