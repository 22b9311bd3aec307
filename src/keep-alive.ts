import type { Episodes } from './logger.js';
import type { WaitUntil } from './options.js';
import type { Platform } from './platform.js';
import { foundWaitUntil, freezingHost } from './wait-until.js';

/** How long a process that has run out of work stays for its last events. */
const EXIT_DRAIN_MS = 5_000;

const OR_FLUSH = 'or await client.flush() before answering.';

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
export interface KeepAlive {
  /** There are events to deliver: a process that ends by itself stays for them. */
  hold(): void;
  /** There is nothing left to stay for. */
  letGo(): void;
  /** Tells a serverless host, within the request, that there is something to wait for. */
  tellHost(): void;
}

export function createKeepAlive({ platform, waitUntil, episodes, isDurable, flush }: KeepAliveOptions): KeepAlive {
  const host = freezingHost(platform.env);
  let leave: (() => void) | undefined;

  function letGo(): void {
    leave?.();
    leave = undefined;
  }

  async function drain(): Promise<void> {
    // Not again for the same events: a process whose events cannot be delivered must end.
    letGo();
    const hold = setTimeout(() => undefined, EXIT_DRAIN_MS);
    const open = await flush(EXIT_DRAIN_MS);
    clearTimeout(hold);
    // What a durable outbox holds is there for the next process.
    if (open === 0 || isDurable) return;
    episodes.remind('exit', `the process ends with events undelivered (${open}): the service took none in time.`);
  }

  return {
    hold() {
      leave ??= platform.onIdleExit(drain);
    },
    letGo,
    tellHost() {
      try {
        const tell = waitUntil ?? foundWaitUntil();
        if (tell !== undefined) tell(flush());
        else if (host !== undefined) {
          episodes.say('host', `${host} without waitUntil may freeze before events are sent: pass it, ${OR_FLUSH}`);
        }
      } catch {
        episodes.remind('waitUntil', `waitUntil threw: call it within a request, ${OR_FLUSH}`);
      }
    },
  };
}
