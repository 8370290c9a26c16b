import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hierarchies } from '../real/hierarchies.ts';
import { controlGroup } from '../real/own-namespace.ts';
import { run } from '../support/command.ts';
import { until } from '../support/until.ts';

const REMOVAL_LIMIT_MS = 5_000;
/** A group has no CPUs and memory nodes until it is given some. */
const CPUSET = ['cpuset.cpus', 'cpuset.mems'];

/** A control group in each hierarchy: the root of what a node sees. */
export class ControlGroups {
  readonly directories: readonly string[];

  private constructor(directories: readonly string[]) {
    this.directories = directories;
  }

  /** Creates groups of this name below the group of this namespace (own-namespace.ts). */
  static async create(name: string): Promise<ControlGroups> {
    const directories: string[] = [];
    for (const { option, own } of hierarchies()) {
      const common = join(own, controlGroup());
      const directory = join(common, name);
      await mkdir(directory, { recursive: true });
      if (option.includes('cpuset')) await passOn(own, [common, directory]);
      directories.push(directory);
    }
    return new ControlGroups(directories);
  }

  /**
   * Removes them, and all groups below, once no process is left in any. Rejects if some processes
   * do not end within 5 s.
   */
  async close(): Promise<void> {
    await until('no process is left in the control groups', REMOVAL_LIMIT_MS, async () => {
      const left = this.directories.filter((directory) => existsSync(directory));
      if (left.length === 0) return true;
      // Groups that are not empty yet are retried.
      await run(['find', ...left, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']).catch(
        () => {},
      );
      return false;
    });
  }
}

async function passOn(parent: string, groups: readonly string[]): Promise<void> {
  for (const file of CPUSET) {
    const all = await readFile(join(parent, file), 'utf8');
    for (const group of groups) await writeFile(join(group, file), all);
  }
}
