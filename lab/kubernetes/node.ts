import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Fabric } from '../real/fabric.ts';
import type { Machine } from '../real/machine.ts';
import { run } from '../support/command.ts';
import type { ServerProcess } from '../support/server-process.ts';
import type { ControlPlane } from './control-plane.ts';
import { nodeFiles } from './node-files.ts';
import { IMAGES } from './node-init.ts';
import { NodeMachine } from './node-machine.ts';
import { commandLine, type NodeProgram } from './node-programs.ts';

/** Node 1 is `10.21.0.21`, and so on. */
const FIRST_ADDRESS = 20;
const IMPORT_LIMIT_MS = 120_000;
const CTR = ['ctr', '--namespace=k8s.io', 'images'];

/** A machine with its programs while it is switched on. */
type Running = Readonly<{
  machine: Machine;
  inside: NodeMachine;
  programs: Map<NodeProgram, ServerProcess>;
}>;

export type NodeOptions = Readonly<{
  fabric: Fabric;
  controlPlane: ControlPlane;
  number: number;
  /** Where the contents of its disk are kept. */
  directory: string;
  /** The folder of the image archives. */
  images: string;
}>;

/** A node: a machine that runs containerd, kubelet and kube-proxy. */
export class KubernetesNode {
  readonly name: string;
  readonly number: number;
  readonly #options: NodeOptions;
  #running: Running | undefined;
  #hasImages = false;

  constructor(options: NodeOptions) {
    this.number = options.number;
    this.name = `node-${options.number}`;
    this.#options = options;
  }

  /** Without prefix lengths, in the order of the families. */
  get addresses(): readonly string[] {
    return this.#options.fabric.plan
      .machine(FIRST_ADDRESS + this.number)
      .map((address) => address.replace(/\/\d+$/, ''));
  }

  get podRanges(): readonly string[] {
    return this.#options.fabric.plan.podRange(this.number);
  }

  /** Its machine. Throws if it is switched off. */
  get machine(): Machine {
    return this.#on.machine;
  }

  /** The start of a command line that runs there. Throws if it is switched off. */
  get enter(): readonly string[] {
    return this.#on.inside.enter;
  }

  get isOn(): boolean {
    return this.#running !== undefined;
  }

  /** Routes to its pods, as commands of `ip`. */
  get routes(): string[] {
    return this.podRanges.map(
      (range, index) => `route replace ${range} via ${this.addresses[index]}`,
    );
  }

  /**
   * Switches it on, and resolves once its programs run. `others`: the nodes whose pods its own pods
   * can reach.
   */
  async on(others: readonly KubernetesNode[]): Promise<void> {
    const { fabric, directory, images } = this.#options;
    await using starting = new AsyncDisposableStack();
    const machine = await fabric.addMachine(this.name, FIRST_ADDRESS + this.number);
    starting.defer(() => machine.close());
    await machine.namespace.set(['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    await machine.addRoutes(others.flatMap(({ routes }) => routes));
    const disk = join(directory, this.name);
    await this.#writeFiles(join(disk, 'settings'));
    const group = `${fabric.plan.network}-${this.name}`;
    const inside = await NodeMachine.start(machine, { group, disk, images });
    starting.defer(() => inside.off());
    this.#running = { machine, inside, programs: new Map() };
    try {
      await this.start('containerd');
      if (!this.#hasImages) await this.importImages();
      await Promise.all([this.start('kubelet'), this.start('kube-proxy')]);
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
    starting.move();
  }

  /** Power off: only its disk is left. Does nothing if it is off. */
  async off(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.inside.off();
    await running?.machine.close();
  }

  /** Starts one of its programs, unless it is running. Rejects as `ServerProcess.start()` does. */
  async start(name: NodeProgram): Promise<void> {
    const { inside, programs } = this.#on;
    if (programs.get(name) && programs.get(name)?.end === undefined) return;
    const { program, args, isReady } = commandLine(name, this);
    programs.set(name, await inside.startProgram(program, args, isReady));
  }

  /** Kills one of its programs with SIGKILL. */
  async kill(name: NodeProgram): Promise<void> {
    await this.#on.programs.get(name)?.kill();
  }

  /** Runs a command there. Rejects as `run()` does. */
  run(command: readonly string[], limitMs?: number): Promise<string> {
    return run([...this.enter, ...command], '', limitMs);
  }

  /** Imports all images, as if they had been pulled. */
  async importImages(): Promise<void> {
    const files = await readdir(this.#options.images);
    for (const file of files.filter((name) => name.endsWith('.tar'))) {
      await this.importImage(join(IMAGES, file));
    }
    this.#hasImages = true;
  }

  /** Imports the image in this archive, which must be visible on the node. */
  async importImage(archive: string): Promise<void> {
    await this.run([...CTR, 'import', archive], IMPORT_LIMIT_MS);
  }

  /** Removes an image under all its names. */
  async removeImage(image: string): Promise<void> {
    const lines = (await this.run([...CTR, 'list'])).split('\n').map((line) => line.split(/\s+/));
    const digest = lines.find(([name]) => name === image)?.[2];
    const names = lines.flatMap(([name, , each]) => (name && each === digest ? [name] : []));
    await this.run([...CTR, 'remove', '--sync', ...names]);
  }

  /** The last output of one of its programs. */
  output(name: NodeProgram): string {
    return this.#running?.programs.get(name)?.output ?? '';
  }

  get #on(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} is off`);
    return this.#running;
  }

  async #writeFiles(folder: string): Promise<void> {
    const { controlPlane } = this.#options;
    const files = nodeFiles({
      name: this.name,
      podRanges: this.podRanges,
      dns: controlPlane.dnsAddresses,
      kubelet: controlPlane.kubeconfig(`system:node:${this.name}`),
      kubeProxy: controlPlane.kubeconfig('system:kube-proxy'),
      clientAuthority: controlPlane.clientAuthority,
    });
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text, { mode: 0o600 });
    }
  }
}
