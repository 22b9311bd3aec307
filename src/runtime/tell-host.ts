import type { Episodes } from '../core/logger.js';
import { callUser } from '../core/user-call.js';
import type { Platform } from './platform.js';
import type { WaitUntil } from './wait-until.js';
import { foundWaitUntil } from './wait-until.js';

export interface TellHostOptions {
  readonly platform: Pick<Platform, 'env' | 'freezingHost' | 'remedy'>;
  readonly waitUntil: WaitUntil | undefined;
  readonly episodes: Episodes;
  /** Delivers what is open. Never rejects. */
  readonly flush: () => Promise<unknown>;
}

/** Tells a serverless host, within the request, that there are events to wait for. */
export function createTellHost({ platform, waitUntil, episodes, flush }: TellHostOptions): () => void {
  const host = platform.freezingHost(platform.env);
  const onFailure = (): void =>
    episodes.remind(
      'waitUntil',
      'waitUntil threw or rejected: call it within a request, or await client.flush() before answering.',
    );
  return () => {
    callUser(() => {
      const tell = waitUntil ?? foundWaitUntil();
      if (tell !== undefined) return tell(flush());
      if (host !== undefined) {
        episodes.say('host', `${host} without waitUntil may freeze before events are sent: ${platform.remedy}`);
      }
    }, onFailure);
  };
}
