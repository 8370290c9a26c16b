import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '../parts/control-plane.ts';
import type { NetworkFault } from '../parts/faults.ts';
import type { Endpoint, PodSandbox } from '../parts/parts.ts';
import { type NodeIdentity, Pod } from '../parts/pod.ts';
import type { Output } from '../support/program.ts';
import { until } from '../support/until.ts';
import { Container } from './container.ts';
import { ReadinessProbe, type ReadinessTimes } from './readiness.ts';

/** The port on which the program listens, and at which other pods reach it (contract). */
const PORT = 8080;

const READY_LIMIT_MS = 15_000;
/** A request through the Service or the ingress that takes longer is cut when its pod is broken. */
const DRAIN_LIMIT_MS = 500;

/** What a pod needs from its node. */
export type RunningPodOptions = Readonly<{
  node: NodeIdentity;
  sandbox: PodSandbox;
  controlPlane: ControlPlane;
  /** The program's file, its variables besides those of the sandbox, and where its output goes. */
  program: string;
  environment: Readonly<Record<string, string>>;
  output: Output;
  /**
   * Called whenever `endpoint` may have changed. Resolves once the Service and the ingress know.
   */
  endpointChanged: () => Promise<void>;
  readiness: ReadinessTimes;
}>;

/**
 * A pod and all that makes it run: its object, its sandbox, its program, and a kubelet's readiness
 * probe.
 */
export class RunningPod {
  readonly #options: RunningPodOptions;
  readonly #object: Pod;
  readonly #container: Container;
  #readiness: ReadinessProbe | undefined;
  #networkFault: NetworkFault | undefined;
  #isWithdrawn = false;
  /** Whether the service and the ingress know that it is ready. */
  #isKnownReady = false;

  private constructor(options: RunningPodOptions) {
    const { node, sandbox, controlPlane, program, output } = options;
    this.#options = options;
    this.#object = new Pod(node, sandbox.addresses, controlPlane);
    this.#container = new Container(node.name, program, output, () => void this.#setNetwork());
  }

  /**
   * Resolves once it is ready. If it is not within 15 s, rejects with its program's output, and
   * leaves nothing behind.
   */
  static async start(options: RunningPodOptions): Promise<RunningPod> {
    const pod = new RunningPod(options);
    try {
      await pod.#object.publish();
      await pod.#launch();
      const { node, sandbox, readiness } = options;
      pod.#readiness = new ReadinessProbe(
        `${sandbox.programUrl}/ready`,
        readiness.initialDelay,
        (isReady) => pod.#setReady(isReady),
      );
      await until(`${node.name} is ready`, READY_LIMIT_MS, () => pod.endpoint !== undefined);
    } catch (error) {
      await pod.close();
      throw error;
    }
    return pod;
  }

  get name(): string {
    return this.#object.name;
  }

  get addresses(): readonly string[] {
    return this.#options.sandbox.addresses;
  }

  /** Where its program can be reached, bypassing any fault in front of it. */
  get programUrl(): string {
    return this.#options.sandbox.programUrl;
  }

  /** Where the Service and the ingress can reach it; undefined while they should not. */
  get endpoint(): Endpoint | undefined {
    const isThere = this.#isKnownReady && !this.#object.terminating && this.#container.isRunning;
    return isThere && !this.#isWithdrawn ? { addresses: this.addresses, port: PORT } : undefined;
  }

  /** Whether it is running, and not being deleted. */
  get isRunning(): boolean {
    return this.#object.running && !this.#object.terminating;
  }

  /** How its program ended, such as `was ended by SIGKILL`; undefined while it runs. */
  get ended(): string | undefined {
    return this.#container.end;
  }

  /**
   * Takes it out of service: once this resolves, no request reaches it through the Service or the
   * ingress.
   */
  async withdraw(): Promise<void> {
    this.#isWithdrawn = true;
    await this.#options.endpointChanged();
    const { node, sandbox } = this.#options;
    // Requests still in flight after the limit are cut, as hanging ones always are.
    await until(`${node.name} is idle`, DRAIN_LIMIT_MS, () => sandbox.isIdle()).catch(() => {});
  }

  /** Puts it back into service. */
  async admit(): Promise<void> {
    this.#isWithdrawn = false;
    await this.#options.endpointChanged();
  }

  /** Replaces the current fault of its network; `undefined` heals. */
  async break(fault: NetworkFault | undefined): Promise<void> {
    this.#networkFault = fault;
    await this.#setNetwork();
  }

  signal(name: NodeJS.Signals): void {
    this.#container.signal(name);
  }

  rotateToken(): Promise<string> {
    return this.#options.sandbox.rotateToken();
  }

  /** Starts its deletion without notifying the program. */
  async markTerminating(): Promise<void> {
    await this.#object.terminate();
    await this.#options.endpointChanged();
  }

  /**
   * Deletes it as `kubectl delete` does: its program has time to end, then the object is removed.
   */
  async delete(): Promise<void> {
    if (!this.#object.terminating) await this.markTerminating();
    await this.#container.stop();
    await this.#readiness?.close();
    await this.#object.remove();
    await this.#options.sandbox.close();
  }

  /** Kills the program, as when its container crashes; the pod stays. `restart` starts another. */
  async kill(): Promise<void> {
    await this.withdraw();
    await this.#container.kill();
  }

  /** Stops the program if it is running (SIGTERM), and starts it again. */
  async restart(): Promise<void> {
    await this.withdraw();
    await this.#container.stop();
    await this.#launch();
    await this.admit();
  }

  /** Stops the program and frees the addresses; the object stays in the API server. */
  async close(): Promise<void> {
    await this.#readiness?.close();
    await this.#container.stop();
    await this.#options.sandbox.close();
  }

  async #launch(): Promise<void> {
    const { sandbox, environment } = this.#options;
    const launch = await sandbox.prepare(this.name);
    await this.#container.start(
      { ...launch, environment: { ...launch.environment, ...environment } },
      `${this.programUrl}/alwayshappy`,
    );
    this.#object.running = true;
    await this.#setNetwork();
    await this.#object.publish();
  }

  /** Without a program nobody listens. */
  async #setNetwork(): Promise<void> {
    await this.#options.sandbox.break(
      this.#container.isRunning ? this.#networkFault : { kind: 'down' },
    );
  }

  async #setReady(isReady: boolean): Promise<void> {
    const isReadyNow = isReady && this.#object.running && this.#container.isRunning;
    this.#object.ready = isReadyNow;
    await this.#object.publish();
    if (isReadyNow === this.#isKnownReady) return;
    if (isReadyNow) await sleep(this.#options.readiness.propagation);
    this.#isKnownReady = isReadyNow;
    await this.#options.endpointChanged();
  }
}
