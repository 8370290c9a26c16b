/** Nobody sends more than two to a request (100, 103). */
const MAX_INFORMATIONAL = 16;

/** Counts the informational responses (1xx) to one request. */
export class InformationalLimit {
  #count = 0;

  /** One has come. Throws when there are too many. */
  add(): void {
    this.#count += 1;
    if (this.#count <= MAX_INFORMATIONAL) return;
    throw new Error(`more than ${MAX_INFORMATIONAL} informational responses (1xx)`);
  }
}
