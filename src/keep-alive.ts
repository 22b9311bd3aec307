import type { Episodes } from './logger.js';
import type { WaitUntil } from './options.js';
import type { Platform } from './platform.js';
import { foundWaitUntil, freezingHost } from './wait-until.js';

/** How long a process that has run out of work stays for its last events. */
const EXIT_DRAIN_MS = 5_000;

export interface KeepAliveOptions {
  readonly platform: Pick<Platform, 'env' | 'onIdleExit'>;
  readonly waitUntil: WaitUntil | undefined;
  readonly episodes: Episodes;
  /** Whether what is open survives the process. */
  readonly isDurable: boolean;
  /** Delivers what is open; resolves to how many events still are, at the latest after `timeoutMs`. */
  readonly flush: (timeoutMs?: number) => Promise<number>;
}

/** Keeps a process or a serverless function alive while it has events to deliver, and not longer. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #host: string | undefined;
  #leave: (() => void) | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#host = freezingHost(options.platform.env);
  }

  /** There are events to deliver: a process that ends by itself stays for them. */
  hold(): void {
    this.#leave ??= this.#options.platform.onIdleExit(() => this.#drain());
  }

  /** There is nothing left to stay for. */
  letGo(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  /** Tells a serverless host, within the request, that there is something to wait for. */
  tellHost(): void {
    const { episodes, flush } = this.#options;
    try {
      const waitUntil = this.#options.waitUntil ?? foundWaitUntil();
      if (waitUntil !== undefined) waitUntil(flush());
      else if (this.#host !== undefined) {
        episodes.say(
          'host',
          `running on ${this.#host} without waitUntil: it may freeze before events are sent. Pass waitUntil, or await client.flush() before answering.`,
        );
      }
    } catch {
      episodes.remind(
        'waitUntil',
        'waitUntil threw: call it within a request, or await client.flush() before answering.',
      );
    }
  }

  async #drain(): Promise<void> {
    // Not again for the same events: a process whose events cannot be delivered must end.
    this.letGo();
    const hold = setTimeout(() => undefined, EXIT_DRAIN_MS);
    const open = await this.#options.flush(EXIT_DRAIN_MS);
    clearTimeout(hold);
    // What a durable outbox holds is there for the next process.
    if (open === 0 || this.#options.isDurable) return;
    this.#options.episodes.remind(
      'exit',
      `the process ends with events undelivered (${open}): the service took none of them in time.`,
    );
  }
}
