import type { CircuitState } from './observer.js';

/** The state of a client, for a health endpoint or a gauge. */
export interface ClientStats {
  /** Events in the outbox that wait to be claimed, including delayed events. */
  readonly waiting: number;
  /** Events in the outbox that a client or relay is delivering. */
  readonly claimed: number;
  /** Bytes of both. */
  readonly bytes: number;
  /** Whether a long queue was estimated instead of counted. @default false */
  readonly isEstimated?: boolean | undefined;
  /** How long the oldest event has been in the outbox, in milliseconds; `undefined` if the outbox is empty. */
  readonly oldestAgeMs: number | undefined;
  /** Dead letters in the outbox. The memory outbox keeps none. */
  readonly deadLetters: number;
  /** `open`: the service takes no events at the moment. */
  readonly circuit: CircuitState;
}
