import { z } from 'zod';
import { Refusal } from '../core/refusal.js';

const zoned = z.iso.datetime({ offset: true });

/**
 * A time as people and databases write it, as the client takes it: digits are milliseconds since the epoch, other text is
 * ISO 8601 with its zone, because without one it would depend on this machine. What is no text is left to the client to judge.
 */
export function readEventTime(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (/^\d{1,16}$/.test(value)) return Number(value);
  if (zoned.safeParse(value).success) return new Date(value);
  return new Refusal(
    'invalid_time',
    'time must be milliseconds since the epoch, or ISO 8601 with its zone, such as 2026-03-01T09:30:00Z.',
  );
}
