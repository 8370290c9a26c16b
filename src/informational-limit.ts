/** No server sends more than two per request (100, 103). */
const MAX_INFORMATIONAL = 16;

/** Counts the informational responses (1xx) to one request. */
export class InformationalLimit {
  #count = 0;

  /** Counts one. Throws if there are too many. */
  add(): void {
    this.#count += 1;
    if (this.#count <= MAX_INFORMATIONAL) return;
    throw new Error(`more than ${MAX_INFORMATIONAL} informational responses (1xx)`);
  }
}
