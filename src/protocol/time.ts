import { MAX_EVENT_AGE_MS } from './limits.js';
import { Refusal, typeName } from './refusal.js';

/** [A] Two well-kept clocks still differ a little: an event this far ahead is taken to have happened now. */
export const FUTURE_TOLERANCE_MS = 5_000;

/** What the client believes about time: its own clock and how far the service's differs from it. */
export interface ClockReading {
  /** Milliseconds since the epoch by this machine's clock. */
  readonly local: number;
  /** The same instant by the service's clock, as far as it was learned. */
  readonly service: number;
}

/**
 * The time of an event in whole milliseconds since the epoch, by the service's clock.
 *
 * A missing time is now. One ahead of both clocks by more than {@link FUTURE_TOLERANCE_MS} is refused, as is one older
 * than seven days: the service would refuse both, later and with less to say.
 */
export function toEventTime(input: unknown, { local, service }: ClockReading): number | Refusal {
  if (input === undefined || input === null) return Math.trunc(service);
  // Nothing but a number is finite.
  const time = (input instanceof Date ? input.getTime() : input) as number;
  if (!Number.isFinite(time)) {
    const came = typeof input === 'number' ? input : input instanceof Date ? 'an invalid Date' : typeName(input);
    return refuse(`be a Date or milliseconds since the epoch; got ${came}.`);
  }
  const latest = Math.max(local, service);
  if (time > latest + FUTURE_TOLERANCE_MS) {
    return refuse(
      `not be in the future; got ${describe(time - latest)} ahead of now. Send the event when it has happened.`,
    );
  }
  if (isTooOld(time, service)) {
    const fitsAsSeconds = time * 1000 <= latest + FUTURE_TOLERANCE_MS && !isTooOld(time * 1000, service);
    const hint = fitsAsSeconds ? ' It looks like seconds: multiply by 1000.' : '';
    return refuse(`be at most 7 days old; got ${describe(service - time)}.${hint}`);
  }
  // A time between the two clocks was stamped by this machine and is what it says; beyond both it is "now".
  return Math.trunc(Math.min(time, latest));
}

function refuse(must: string): Refusal {
  return new Refusal('invalid_time', `time must ${must}`);
}

/** Tells whether the service would refuse `time` as older than seven days. */
export function isTooOld(time: number, serviceNow: number): boolean {
  return serviceNow - time > MAX_EVENT_AGE_MS;
}

function describe(ms: number): string {
  const days = ms / 86_400_000;
  if (days >= 2) return `${Math.floor(days)} days`;
  const minutes = ms / 60_000;
  return minutes >= 2 ? `${Math.floor(minutes)} minutes` : `${Math.ceil(ms / 1000)} seconds`;
}
