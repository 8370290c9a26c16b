import type { Check, Neighbour, Recorder } from './probe.ts';

/** A gauge, which would go on showing the last result of a check that is made no longer. */
const LAST_RESULT = 'kubenurse_check_success';

/** Until when the series of a check are wanted, in milliseconds of `performance.now()`, and whom it asks. */
type Life = Readonly<{ until: number; neighbour: Neighbour | undefined }>;

/** Which checks' series are still wanted: those of a check that is asked, and for some time of one that was. */
export class SeriesLife {
  readonly #retention: number;
  readonly #lives = new Map<string, Life>();

  /** `retention`: how long the series of a check outlive it, in milliseconds. */
  constructor(retention: number) {
    this.#retention = retention;
  }

  readonly recorder: Recorder = {
    begin: (check) => this.#lives.set(check.type, living(check)),
    record: ({ check }) => this.#lives.set(check.type, living(check)),
    end: ({ type }) => {
      this.#forgetOld();
      const until = performance.now() + this.#retention;
      this.#lives.set(type, { until, neighbour: undefined });
    },
  };

  /**
   * Whether a series with these attributes is wanted. One that is of no check always is; one that names a pod only as
   * long as that is the pod behind the path, and what is told of it holds.
   */
  readonly isWanted = (attributes: Readonly<Record<string, unknown>>, metric = ''): boolean => {
    const { type, pod, pod_ip: podIP, zone } = attributes;
    if (typeof type !== 'string') return true;
    const life = this.#lives.get(type);
    if (life === undefined) return false;
    if (metric === LAST_RESULT) return life.until === Infinity;
    if (pod === undefined) return life.until > performance.now();
    const { neighbour } = life;
    return neighbour?.podName === pod && neighbour?.podIP === podIP && neighbour?.zone === zone;
  };

  #forgetOld(): void {
    const now = performance.now();
    for (const [type, { until }] of this.#lives) if (until <= now) this.#lives.delete(type);
  }
}

function living({ target: { neighbour } }: Check): Life {
  return { until: Infinity, neighbour };
}
