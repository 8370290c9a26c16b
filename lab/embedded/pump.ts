import type { Socket } from 'node:net';

/** With more bytes than this held back, the sender is paused. */
const MAX_WAITING_BYTES = 1 << 20;

type Item = Readonly<{ came: number; what: Buffer | 'end' | 'reset' }>;

/**
 * One direction of a forwarded connection. What one socket receives is sent to the other in order,
 * `delay` milliseconds after its arrival: immediately if 0, not until the delay changes if
 * Infinity.
 */
export class Pump {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #waiting: Item[] = [];
  #waitingBytes = 0;
  #blocked = false;
  #delay = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#take('end'));
    from.on('error', () => this.#take('reset'));
    to.on('drain', () => {
      this.#blocked = false;
      this.#pass();
    });
    to.on('close', () => clearTimeout(this.#timer));
  }

  set delay(milliseconds: number) {
    this.#delay = milliseconds;
    this.#pass();
  }

  #take(what: Item['what']): void {
    this.#waiting.push({ came: performance.now(), what });
    if (typeof what !== 'string') this.#waitingBytes += what.length;
    this.#pass();
  }

  #pass(): void {
    clearTimeout(this.#timer);
    for (let next = this.#waiting[0]; next && !this.#blocked; next = this.#waiting[0]) {
      const wait = this.#delay === 0 ? 0 : next.came + this.#delay - performance.now();
      if (wait > 0) {
        if (wait < Infinity && !this.#to.destroyed) {
          this.#timer = setTimeout(() => this.#pass(), Math.ceil(wait));
        }
        break;
      }
      this.#waiting.shift();
      this.#give(next.what);
    }
    if (this.#blocked || this.#waitingBytes > MAX_WAITING_BYTES) this.#from.pause();
    else this.#from.resume();
  }

  #give(what: Item['what']): void {
    if (what === 'reset') reset(this.#to);
    else if (what === 'end') this.#to.end();
    else {
      this.#waitingBytes -= what.length;
      this.#blocked = !this.#to.write(what);
    }
  }
}

/**
 * Resets the connection. A socket that has already ended is destroyed instead, because Node 26
 * would leak its handle.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
