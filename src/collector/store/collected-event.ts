import type { WireTrack } from '../../protocol/wire.js';

/** A row as it arrived. */
export interface ArrivedRow extends WireTrack {
  /** Whether the visitor's browser sent it, by `/ingest`. @default false */
  readonly byBrowser?: boolean;
}

/** A row as the collector stores it: what was sent, when it happened and when it arrived. */
export interface CollectedEvent extends ArrivedRow {
  /** Milliseconds since the epoch; the time of receipt when the sender gave none. */
  readonly time: number;
  /** Milliseconds since the epoch by the collector's clock. */
  readonly receivedAt: number;
}

/** A row that was refused and not stored. */
export interface RefusedRow {
  readonly receivedAt: number;
  /** Names the field and never a value. */
  readonly message: string;
}

/** What happened to a row that reached the collector. */
export type Arrival =
  | {
      readonly kind: 'accepted';
      readonly event: CollectedEvent;
      /** Its place in the order of arrival, from 1. */
      readonly number: number;
    }
  | {
      readonly kind: 'duplicate';
      readonly event: CollectedEvent;
      /**
       * Its place when it is stored for display: another source used its `distinctId` first, or it names another visitor or session
       * than the first. It counts for nothing.
       */
      readonly number?: number | undefined;
    }
  | ({ readonly kind: 'refused' } & RefusedRow);
