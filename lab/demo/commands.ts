import type { Cluster } from '../cluster/cluster.ts';
import { FaultMistake, faultHelp, partNames } from '../cluster/faults.ts';
import type { ClusterNode } from '../cluster/node.ts';

/** What can be typed while the demo runs. */
export const COMMANDS = [
  'break <part>:<fault>  break a part; replaces its current fault',
  'heal <part>           heal a part; heal all heals everything',
  'logs <node>           show the last lines that its probe has logged',
  'alive <node>          show the /alive page of its probe',
  'help                  show this',
  'quit                  stop everything, as Ctrl-C does; Ctrl-Z suspends it',
];

const LOG_LINES = 20;

type Command = (words: readonly string[], cluster: Cluster) => Promise<readonly string[]>;

const commands: Readonly<Record<string, Command>> = {
  break: breakParts,
  heal,
  logs: (words, cluster) => withNode('logs', words, cluster, logs),
  alive: (words, cluster) => withNode('alive', words, cluster, alive),
  help: async (_, { parts }) => [...COMMANDS, '', 'Parts and faults:', ...faultHelp(parts.kind)],
};

/** Executes a command line. Resolves to the lines to show, or to `quit`; never rejects. */
export async function execute(line: string, cluster: Cluster): Promise<readonly string[] | 'quit'> {
  const [name = '', ...words] = line.trim().split(/\s+/);
  if (name === '') return [];
  if (name === 'quit' || name === 'exit') return 'quit';
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    return [`unknown command "${name}"; expected break, heal, logs, alive, help or quit`];
  }
  try {
    return await command(words, cluster);
  } catch (error) {
    const { message } = error as Error;
    return error instanceof FaultMistake ? [message] : [`${line.trim()} failed: ${message}`];
  }
}

async function breakParts(words: readonly string[], cluster: Cluster): Promise<string[]> {
  if (words.length === 0) {
    return [
      `break requires a part and a fault, such as ${cluster.nodes.at(-1)?.name}:down; parts: ${parts(cluster)}`,
    ];
  }
  const [part = '', fault = ''] = words;
  if (words.length === 2 && !words.join('').includes(':')) {
    return [`part and fault are joined by a colon: break ${part}:${fault}`];
  }
  for (const word of words) await cluster.break(word);
  return [`broken: ${words.join(', ')}`];
}

async function heal(words: readonly string[], cluster: Cluster): Promise<string[]> {
  const { faults } = cluster;
  const broken = [...faults].map(([part, fault]) => `${part}:${fault}`).join(', ');
  if (words.length === 0) {
    return [`heal requires a part, or all; ${broken ? `broken: ${broken}` : 'nothing is broken'}`];
  }
  // A fault also names its part: heal node-3:down.
  const names = words.flatMap((word) => (word === 'all' ? [...faults.keys()] : word.split(':', 1)));
  const healed: string[] = [];
  const intact: string[] = [];
  for (const name of names) {
    (faults.has(name) ? healed : intact).push(name);
    await cluster.heal(name);
  }
  const lines = intact.map((name) => `${name} is not broken`);
  if (healed.length > 0) lines.push(`healed: ${healed.join(', ')}`);
  return lines.length > 0 ? lines : ['nothing is broken'];
}

async function withNode(
  command: string,
  [name]: readonly string[],
  cluster: Cluster,
  show: (node: ClusterNode) => Promise<readonly string[]> | readonly string[],
): Promise<readonly string[]> {
  const node = cluster.nodes.find((each) => each.name === name);
  if (node !== undefined) return show(node);
  const [nodes] = partNames(nodeNames(cluster), cluster.parts.kind);
  const wrong = name === undefined ? `${command} requires a node` : `unknown node "${name}"`;
  return [`${wrong}; expected ${nodes}`];
}

function logs({ name, log, stderr }: ClusterNode): string[] {
  const lines = [...log.all.slice(-LOG_LINES), ...stderr.all.slice(-LOG_LINES)];
  return lines.length > 0 ? lines : [`${name} has logged nothing`];
}

async function alive(node: ClusterNode): Promise<string[]> {
  return (await node.alive()).body.trimEnd().split('\n');
}

function nodeNames({ nodes }: Cluster): string[] {
  return nodes.map(({ name }) => name);
}

function parts(cluster: Cluster): string {
  return partNames(nodeNames(cluster), cluster.parts.kind).join(', ');
}
