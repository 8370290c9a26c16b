import type { Cluster } from '../cluster/cluster.ts';
import { FaultMistake, faultHelp } from '../cluster/faults.ts';

/** What can be typed while the demo runs. */
export const COMMANDS = [
  'break <part>:<fault>   break a part; one that is broken already is broken this way instead',
  'heal <part>            heal it; heal all heals everything',
  'help                   show this',
  'quit                   stop everything (Ctrl-C does, too)',
];

/** Does what a line says. Resolves to what to answer, or to `quit`; never rejects. */
export async function obey(line: string, cluster: Cluster): Promise<readonly string[] | 'quit'> {
  const [command = '', ...words] = line.trim().split(/\s+/);
  try {
    switch (command) {
      case '':
        return [];
      case 'help':
        return [...COMMANDS, 'What can be broken:', ...faultHelp()];
      case 'quit':
      case 'exit':
        return 'quit';
      case 'break':
        if (words.length === 0) return ['break what? As in: break node-3:down'];
        for (const fault of words) await cluster.break(fault);
        return [`broken: ${words.join(', ')}`];
      case 'heal':
        if (words.length === 0) return ['heal what? As in: heal node-3, or: heal all'];
        return await heal(words, cluster);
      default:
        return [`"${command}" is no command; there is break, heal, help, quit`];
    }
  } catch (error) {
    const { message } = error as Error;
    return error instanceof FaultMistake ? [message] : [`${line.trim()} failed: ${message}`];
  }
}

async function heal(words: readonly string[], cluster: Cluster): Promise<string[]> {
  const parts = words.flatMap((word) => (word === 'all' ? [...cluster.faults.keys()] : [word]));
  for (const part of parts) await cluster.heal(part);
  return [parts.length > 0 ? `healed: ${parts.join(', ')}` : 'nothing is broken'];
}
