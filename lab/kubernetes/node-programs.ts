import { run } from '../support/command.ts';
import { tool } from '../tools/tool.ts';
import { SETTINGS } from './node-init.ts';

/** The programs of a node. */
export type NodeProgram = 'containerd' | 'kubelet' | 'kube-proxy';

/** How to start one. */
type CommandLine = Readonly<{
  program: string;
  args: readonly string[];
  isReady: () => Promise<boolean>;
}>;

/** The command line of a program on this node. */
export function commandLine(
  name: NodeProgram,
  node: Readonly<{ name: string; addresses: readonly string[]; enter: readonly string[] }>,
): CommandLine {
  switch (name) {
    case 'containerd':
      return {
        program: 'containerd',
        args: [`--config=${SETTINGS}/containerd.toml`],
        isReady: () => succeeds([...node.enter, 'ctr', 'version']),
      };
    case 'kubelet':
      return {
        program: tool('kubelet'),
        args: [
          `--config=${SETTINGS}/kubelet.yaml`,
          `--kubeconfig=${SETTINGS}/kubelet.kubeconfig`,
          `--hostname-override=${node.name}`,
          `--node-ip=${node.addresses.join(',')}`,
        ],
        isReady: async () => true,
      };
    case 'kube-proxy':
      return {
        program: tool('kube-proxy'),
        args: [`--config=${SETTINGS}/kube-proxy.yaml`],
        isReady: async () => true,
      };
  }
}

function succeeds(command: readonly string[]): Promise<boolean> {
  return run(command).then(
    () => true,
    () => false,
  );
}
