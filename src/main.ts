#!/usr/bin/env node
// Must load before everything else: see there.
import './signals.ts';

import { importExporter } from '../exporters/load.ts';
import packageJson from '../package.json' with { type: 'json' };
import { configurationErrors } from './check-config.ts';
import { readCommand, UsageError } from './command-line.ts';
import { help } from './config/help.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { createLog } from './log.ts';
import { run } from './run.ts';
import { SavedError, savedVerdict } from './saved-verdict.ts';
import { openStandardOutput } from './standard-output.ts';

/** How long the last log lines may wait for standard output, in milliseconds. */
const LOG_FLUSH_TIMEOUT_MS = 1_000;

/** Errors in the program's input, which their messages describe. */
const INPUT_ERRORS = [ConfigError, UsageError, SavedError];

async function main(): Promise<void> {
  let config: Config;
  try {
    const command = readCommand(process.argv.slice(2));
    if (command === 'help') return print(help());
    if (command === 'version') return print(packageJson.version);
    if (typeof command === 'object') return print(await savedVerdict(command.verdict));
    config = readConfig(process.env);
    if (command === 'check-config') return await checkConfig(config);
  } catch (error) {
    if (!INPUT_ERRORS.some((kind) => error instanceof kind)) throw error;
    process.stderr.write(`kubenurse: ${(error as Error).message}\n`);
    process.exitCode = 2;
    return;
  }
  const output = openStandardOutput(process.stdout.fd, (lines) =>
    log.warn({ lines }, 'log lines dropped: cannot write to standard output'),
  );
  const log = createLog(config.logLevel, config.self, output);
  const end = async (code: number) => {
    await output.flush(LOG_FLUSH_TIMEOUT_MS);
    process.exit(code);
  };
  const die = (error: unknown) => {
    log.fatal({ err: error }, 'exiting after an unexpected error');
    end(1);
  };
  process.on('uncaughtException', die).on('unhandledRejection', die);
  try {
    await run(config, log, output);
    log.info('kubenurse has stopped');
    await end(0);
  } catch (error) {
    log.fatal({ error: (error as Error).message }, 'kubenurse cannot start');
    await end(1);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Throws a `ConfigError` with everything that would prevent startup or be reported as an error
 * during it.
 */
async function checkConfig(config: Config): Promise<void> {
  const errors = await configurationErrors(config, importExporter);
  if (errors.length > 0) throw new ConfigError(errors);
  print([...config.warnings, 'the configuration is valid'].join('\n'));
}

main();
