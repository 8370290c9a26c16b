import type { Kubectl } from '../real/kubectl.ts';

/** How many of the last characters of each output are kept. */
const KEPT = 4_000;

/** The arguments of kubectl that show why pods are not Ready. */
const COMMANDS = [
  ['get', 'deployments,daemonsets,pods', '--output=wide'],
  [
    'get',
    'pods',
    "--output=jsonpath={range .items[*]}{.metadata.name}{range .status.containerStatuses[*]} {.state} {.lastState}{end}{'\\n'}{end}",
  ],
  ['events'],
  // Matches every pod, because none has this label.
  ['logs', '--selector=!none', '--all-containers', '--prefix', '--tail=20'],
];

/**
 * Resolves as `work` does. Rejects with its message and, below it, the state, events and logs of
 * the pods in this namespace: at most 4,000 characters of each, or why kubectl failed.
 */
export function explained<T>(kubectl: Kubectl, namespace: string, work: Promise<T>): Promise<T> {
  return work.catch(async (error: Error) => {
    const said = await Promise.all(
      COMMANDS.map(async (command) => {
        const output = await kubectl.run(`--namespace=${namespace}`, ...command).catch(String);
        return `kubectl ${command.slice(0, 2).join(' ')}:\n${output.slice(-KEPT)}`;
      }),
    );
    throw new Error([error.message, ...said].join('\n'), { cause: error });
  });
}
