import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/command.ts';
import { tool } from '../tools/tool.ts';

/** The real kubectl, for one API server and user. */
export class Kubectl {
  /** The start of its command line. */
  readonly command: readonly string[];
  /** Its configuration file. */
  readonly kubeconfig: string;

  /** `directory` is for its configuration and cache. Each call reads `authorityFile`. */
  constructor(options: { url: URL; token: string; authorityFile: string; directory: string }) {
    const { url, token, authorityFile, directory } = options;
    const kubeconfig = join(directory, 'kubeconfig');
    const cluster = { server: url.origin, 'certificate-authority': authorityFile };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'cluster', cluster }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'context', context: { cluster: 'cluster', user: 'admin' } }],
      'current-context': 'context',
    };
    writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    this.kubeconfig = kubeconfig;
    const cache = `--cache-dir=${join(directory, 'kubectl')}`;
    this.command = [tool('kubectl'), `--kubeconfig=${kubeconfig}`, cache];
  }

  /**
   * Runs it with these arguments, and resolves with its standard output. Throws as `run()` does.
   */
  run(...args: readonly string[]): Promise<string> {
    return run([...this.command, ...args]);
  }
}
