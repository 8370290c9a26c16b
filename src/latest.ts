import { answerText, type Recorder } from './probe.ts';

/** The last answer to each check that is being asked, for `/alive`. */
export class Latest {
  readonly #answers = new Map<string, string>();

  readonly recorder: Recorder = {
    begin: ({ type }) => {
      this.#answers.set(type, 'not answered yet');
    },
    record: ({ check, outcome }) => {
      this.#answers.set(check.type, answerText(outcome));
    },
    end: ({ type }) => {
      this.#answers.delete(type);
    },
  };

  /** `ok`, a status line or an error's text, by check. */
  get answers(): ReadonlyMap<string, string> {
    return this.#answers;
  }
}
