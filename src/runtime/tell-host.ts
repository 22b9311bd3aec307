import type { WarnOnce } from '../core/logger.js';
import { callUser } from '../core/user-call.js';
import type { Platform } from './platform.js';
import type { WaitUntil } from './wait-until.js';
import { foundWaitUntil } from './wait-until.js';

export interface TellHostOptions {
  readonly platform: Pick<Platform, 'env' | 'serverlessHost' | 'waitUntilAdvice'>;
  readonly waitUntil: WaitUntil | undefined;
  readonly warnings: WarnOnce;
  /** Delivers all open events. Never rejects. */
  readonly flush: () => Promise<unknown>;
}

/** Tells a serverless host, during the request, to wait for the delivery of its events. */
export function createTellHost({ platform, waitUntil, warnings, flush }: TellHostOptions): () => void {
  const host = platform.serverlessHost(platform.env);
  const onFailure = (): void =>
    warnings.throttled(
      'waitUntil',
      'waitUntil threw or rejected: call it within a request, or await client.flush() before answering.',
    );
  return () => {
    callUser(() => {
      const tell = waitUntil ?? foundWaitUntil();
      if (tell !== undefined) return tell(flush());
      if (host !== undefined) {
        warnings.once(
          'host',
          `${host} without waitUntil may freeze before events are sent: ${platform.waitUntilAdvice}`,
        );
      }
    }, onFailure);
  };
}
