import type { ExitDrain, ExitDrainOptions } from './exit-drain.js';
import type { WaitUntil } from './options.js';
import type { Platform } from './platform.js';
import { foundWaitUntil } from './wait-until.js';

export interface KeepAliveOptions extends ExitDrainOptions {
  readonly platform: Pick<Platform, 'env' | 'freezingHost' | 'remedy' | 'createExitDrain'>;
  readonly waitUntil: WaitUntil | undefined;
  readonly flush: (timeoutMs?: number) => Promise<number>;
}

/** Keeps a process or a serverless function alive while it has events to deliver, and not longer. */
export interface KeepAlive extends ExitDrain {
  /** Tells a serverless host, within the request, that there is something to wait for. */
  tellHost(): void;
}

export function createKeepAlive({ platform, waitUntil, ...options }: KeepAliveOptions): KeepAlive {
  const { episodes, flush } = options;
  const host = platform.freezingHost(platform.env);
  return {
    ...platform.createExitDrain(options),
    tellHost() {
      try {
        const tell = waitUntil ?? foundWaitUntil();
        if (tell !== undefined) tell(flush());
        else if (host !== undefined) {
          episodes.say('host', `${host} without waitUntil may freeze before events are sent: ${platform.remedy}`);
        }
      } catch {
        episodes.remind(
          'waitUntil',
          'waitUntil threw: call it within a request, or await client.flush() before answering.',
        );
      }
    },
  };
}
