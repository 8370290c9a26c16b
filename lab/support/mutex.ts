/** Serializes changes: each starts when those before it have succeeded or failed. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as the change does. */
  run<Result>(change: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }
}
