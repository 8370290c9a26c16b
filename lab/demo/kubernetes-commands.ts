import type { KubernetesCluster } from '../kubernetes/cluster.ts';
import { faultHelp, parseFault } from '../kubernetes/faults.ts';
import { clusterPage } from './kubernetes-verdict.ts';

/** What can be typed while a Kubernetes cluster runs. */
export const KUBERNETES_COMMANDS = [
  'break <part>:<fault>   break a part',
  'heal <part>:<fault>    heal it; heal all heals everything',
  'cluster                show what is wrong, and how many nodes see each check succeed',
  'help                   show this',
  'quit                   stop everything, as Ctrl-C does',
];

/** A line for each fault. */
export function kubernetesFaults(): string[] {
  return faultHelp().map((line) => `  ${line}`);
}

/** Executes these commands. */
export class KubernetesCommands {
  readonly #cluster: KubernetesCluster;
  readonly #namespace: string;
  readonly #broken = new Set<string>();

  /** `namespace`: that of kubenurse. */
  constructor(cluster: KubernetesCluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  /** Resolves with the text to show; never rejects. */
  async execute(line: string): Promise<string> {
    const [command = '', what = ''] = line.trim().split(/\s+/);
    try {
      switch (command) {
        case '':
          return '';
        case 'help':
          return [...KUBERNETES_COMMANDS, '', 'Faults:', ...kubernetesFaults()].join('\n');
        case 'cluster':
          return await clusterPage(this.#cluster, this.#namespace, '/cluster.txt');
        case 'break':
        case 'heal':
          return await this.#change(command, what);
        default:
          return `unknown command "${line.trim()}"; expected break, heal, cluster, help or quit`;
      }
    } catch (error) {
      return `${line.trim()} failed: ${(error as Error).message}`;
    }
  }

  async #change(command: 'break' | 'heal', what: string): Promise<string> {
    if (command === 'heal' && what === 'all') return this.#healAll();
    if (!what.includes(':'))
      return `expected a part and a fault: ${command} node-1:off, for example`;
    return command === 'break' ? this.#break(what) : this.#heal(what);
  }

  async #break(what: string): Promise<string> {
    const fault = this.#parse(what);
    // Even if it fails: part of it may be in effect.
    this.#broken.add(what);
    await fault.break(this.#cluster);
    return `broken: ${what}`;
  }

  async #heal(what: string): Promise<string> {
    await this.#parse(what).heal(this.#cluster);
    this.#broken.delete(what);
    return `healed: ${what}`;
  }

  async #healAll(): Promise<string> {
    const all = [...this.#broken].reverse();
    for (const what of all) await this.#heal(what);
    return all.length > 0 ? `healed: ${all.join(', ')}` : 'nothing is broken';
  }

  #parse(what: string) {
    return parseFault(
      what,
      this.#cluster.nodes.map(({ name }) => name),
    );
  }
}
