import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As in deploy/kustomize/base/daemonset.yaml. */
const MEMORY_BYTES = 192 * 1024 * 1024;
/**
 * One CPU, in microseconds. The manifests do not limit CPU; Go's runtime starts fewer threads with
 * a limit.
 */
const PERIOD = 100_000;
const QUOTA = 100_000;

/** The shell's part of `enter`: joins the group, then becomes the program. */
const JOIN_AND_EXEC = 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"';

/**
 * A control group for one program, with the same limits for each. With version 2 of cgroups, memory
 * and CPU are limited; with version 1 only CPU, because the memory of the surrounding environment
 * is not the benchmark's to divide.
 */
export class ControlGroup {
  /** What is limited, to be shown with the numbers. */
  readonly limits: string;
  /** The prefix of a command line to run in it; the process is the command's own (exec). */
  readonly enter: readonly string[];
  readonly #path: string | undefined;

  private constructor(path: string | undefined, limits: string) {
    this.#path = path;
    this.limits = limits;
    this.enter = path ? ['sh', '-c', JOIN_AND_EXEC, 'sh', path] : [];
  }

  /** Needs root. Limits nothing if groups cannot be limited. */
  static create(root = '/sys/fs/cgroup'): ControlGroup {
    const controllers = join(root, 'cgroup.subtree_control');
    if (existsSync(controllers)) {
      const enabled = readFileSync(controllers, 'utf8').trim().split(' ');
      if (!enabled.includes('cpu') || !enabled.includes('memory')) return ControlGroup.#none();
      return ControlGroup.#in(root, '192 MiB of memory and 1 CPU, by cgroup v2', {
        'memory.max': MEMORY_BYTES,
        'cpu.max': `${QUOTA} ${PERIOD}`,
      });
    }
    if (!existsSync(join(root, 'cpu/cpu.cfs_quota_us'))) return ControlGroup.#none();
    return ControlGroup.#in(join(root, 'cpu'), '1 CPU, by cgroup v1; memory not limited', {
      'cpu.cfs_period_us': PERIOD,
      'cpu.cfs_quota_us': QUOTA,
    });
  }

  static #none(): ControlGroup {
    return new ControlGroup(undefined, 'none');
  }

  static #in(parent: string, limits: string, values: Record<string, string | number>) {
    const path = mkdtempSync(join(parent, 'kubenurse-bench-'));
    const group = new ControlGroup(path, limits);
    try {
      for (const [file, value] of Object.entries(values)) {
        writeFileSync(join(path, file), String(value));
      }
    } catch (error) {
      group.remove();
      throw error;
    }
    return group;
  }

  /** Call this once the program has ended. */
  remove(): void {
    if (this.#path) rmdirSync(this.#path);
  }
}
