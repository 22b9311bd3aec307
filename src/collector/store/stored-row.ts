import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../protocol/wire.js';
import type { ImpressionEntry, LogEntry, TrackEntry } from '../measuring/measured-log.js';
import type { Witness } from '../measuring/sessions.js';
import type { FindExperiment } from './to-log-entry.js';

/** The columns of a stored event that measuring needs. */
export interface StoredRow {
  readonly distinct_id: string | null;
  readonly event: string;
  readonly time: number;
  readonly received_at: number;
  readonly visitor: number;
  readonly sid: string | null;
  readonly witness: Witness | null;
  readonly experiment: string | null;
  readonly variant: string | null;
}

/** The columns that show when a visitor was seen. */
export type Seen = Pick<StoredRow, 'time' | 'visitor' | 'sid' | 'witness'>;

/** Converts a stored row to an entry of the measuring rules. */
export function toEntry(row: StoredRow, findExperiment: FindExperiment): LogEntry {
  const { event, received_at: receivedAt, distinct_id } = row;
  const distinctId = distinct_id ?? undefined;
  if (event === IDENTIFY_EVENT) return { ...sighting(row, event), receivedAt, kind: 'link' };
  if (event !== IMPRESSION_EVENT) return { ...sighting(row, event), receivedAt, distinctId };
  const experiment = row.experiment === null ? undefined : findExperiment(row.experiment);
  const variant = experiment?.variants.find(({ id }) => id === row.variant);
  return { ...impression(row, experiment?.key ?? '', variant?.name ?? ''), receivedAt };
}

// Each kind is its own object literal, as in `toLogEntry`. Stored rows passed the ingest rules, so their time of receipt and id
// only matter for telling apart events of the same instant.

export function sighting({ time, visitor, sid, witness }: Seen, event: string): TrackEntry {
  return {
    kind: 'track',
    time,
    receivedAt: time,
    visitors: [String(visitor)],
    sid: sid ?? undefined,
    distinctId: undefined,
    bot: false,
    source: witness ?? 'report',
    event,
  };
}

function impression({ time, visitor, sid, witness }: Seen, experiment: string, variant: string): ImpressionEntry {
  return {
    kind: 'impression',
    time,
    receivedAt: time,
    visitors: [String(visitor)],
    sid: sid ?? undefined,
    distinctId: undefined,
    bot: false,
    source: witness ?? 'report',
    experiment,
    variant,
  };
}
