import { existsSync } from 'node:fs';
import { childrenOf } from '../real/children.ts';
import { hierarchies } from '../real/hierarchies.ts';
import type { Machine } from '../real/machine.ts';
import { OwnedProcess, tied } from '../support/owned-process.ts';
import { ServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';
import { ControlGroups } from './control-groups.ts';
import { BECOME_PROGRAM, JOIN_GROUPS, NODE_INIT } from './node-init.ts';

const START_LIMIT_MS = 5_000;

/** A machine that is switched on: network, mount, PID, UTS, IPC and control group namespaces. */
export class NodeMachine {
  /** The start of a command line that runs there. The command is a child. */
  readonly enter: readonly string[];
  readonly #groups: ControlGroups;
  readonly #init: OwnedProcess;

  private constructor(enter: readonly string[], groups: ControlGroups, init: OwnedProcess) {
    this.enter = enter;
    this.#groups = groups;
    this.#init = init;
  }

  /**
   * `disk`: what is kept when it is switched off. If it does not start, rejects with the output of
   * its first process.
   */
  static async start(
    { name, enter }: Machine,
    options: Readonly<{ group: string; disk: string; images: string }>,
  ): Promise<NodeMachine> {
    const groups = await ControlGroups.create(options.group);
    const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--cgroup', '--fork', '--kill-child'];
    const init = ['sh', '-c', NODE_INIT, 'sh', name, options.disk, options.images];
    const commandLine = tied([
      ...enter,
      ...['sh', '-c', JOIN_GROUPS, 'sh', ...groups.directories, '--'],
      ...['unshare', ...namespaces, '--mount-proc', '--propagation', 'private', '--'],
      ...[...init, ...hierarchies().map(({ option }) => option)],
    ]);
    let written = '';
    const process = new OwnedProcess(commandLine, {}, (...outputs) => {
      for (const output of outputs) {
        output.on('data', (bytes) => {
          written += bytes;
        });
      }
    });
    let first: number | undefined;
    await until(`${name} is switched on`, START_LIMIT_MS, () => {
      if (process.end !== undefined) throw new Error(`${name} ${process.end}: ${written}`);
      [first] = childrenOf(process.pid ?? 0);
      return first !== undefined && existsSync(`/proc/${first}/root/run/node-ready`);
    });
    const inside = ['nsenter', '--target', `${first}`, '--all', '--'];
    return new NodeMachine([...inside, 'sh', '-c', BECOME_PROGRAM, 'sh'], groups, process);
  }

  /** Starts a program there. Rejects as `ServerProcess.start()` does. */
  startProgram(
    program: string,
    args: readonly string[],
    ready: () => boolean | Promise<boolean>,
  ): Promise<ServerProcess> {
    return ServerProcess.start(program, args, { enter: this.enter, ready });
  }

  /** Power off: every process ends immediately, and what is not on the disk is lost. */
  async off(): Promise<void> {
    await this.#init.kill();
    await this.#groups.close();
  }
}
