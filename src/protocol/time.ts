import { Refusal, typeName } from '../core/refusal.js';
import { MAX_EVENT_AGE_MS } from './limits.js';

const DAY_MS = 86_400_000;

/** [A] Two synchronised clocks still differ a little: an event this far ahead of the local clock happened now. */
const FUTURE_TOLERANCE_MS = 5_000;
/** How far a time may lie ahead of a checked clock: another machine's clock can be this wrong, a planned event is later. */
const MAX_AHEAD_MS = DAY_MS;
/** How wrong this machine's clock may be before two answers of the service agree about it. */
const MAX_CLOCK_ERROR_MS = 30 * DAY_MS;

/** A stretch in which this process stamped events by an offset that it replaced afterwards. */
export interface StampedSpan {
  /** Monotonic milliseconds. */
  readonly from: number;
  readonly until: number;
  /** What was added to the monotonic clock, in milliseconds. */
  readonly offset: number;
  /** Whether the machine may have slept since, so that the time that passed is not known. */
  readonly isDoubtful: boolean;
}

/** How well the service's clock is known; `transport/clock.ts` has the transitions. */
export type ClockState = 'unchecked' | 'provisional' | 'confirmed' | 'disputed';

/** One instant by the three clocks of the client; `transport/clock.ts` describes the model. */
export interface ClockReading {
  /** Milliseconds that nothing sets: by these the client waits. */
  readonly monotonic: number;
  /** Milliseconds since the epoch by this machine's wall clock. */
  readonly local: number;
  /** The best guess of the service's clock, by which events are stamped. The wall clock until an answer shows otherwise. */
  readonly service: number;
  /** The service's clock shows no less than this. `-Infinity` until an answer of the service was heard. */
  readonly earliest: number;
  /** The service's clock shows no more than this. `Infinity` until an answer of the service was heard. */
  readonly latest: number;
  /** Only by a confirmed clock may an event be given up because of its time. */
  readonly state: ClockState;
  /** Where this process stamped by another offset, the latest last. */
  readonly spans: readonly StampedSpan[];
  /** Whether this client stamped the event of an owner: what its wrong clock did, it did to no other process's events. */
  readonly isOwn: (owner: unknown) => boolean;
}

/** The reading of a clock that is right, for tools that judge times without a service. */
export function exactReading(now: number): ClockReading {
  return {
    monotonic: now,
    local: now,
    service: now,
    earliest: now,
    latest: now,
    state: 'confirmed',
    spans: [],
    isOwn: () => true,
  };
}

/**
 * The time of an event in integer milliseconds since the epoch, by the service's clock.
 *
 * A missing time is now. One that the service would refuse, but that is timely by this machine's clock, is taken to be by that
 * clock; any other that is ahead becomes now. A time is refused where no clock can be the reason: until the clock is
 * confirmed, {@link MAX_CLOCK_ERROR_MS} are allowed for.
 */
export function toEventTime(input: unknown, clock: ClockReading): number | Refusal {
  const { local, service, state } = clock;
  if (input === undefined || input === null) return Math.trunc(service);
  // Only numbers are finite.
  const time = (isDate(input) ? input.getTime() : input) as number;
  if (!Number.isFinite(time)) {
    const came = typeof input === 'number' ? input : isDate(input) ? 'an invalid Date' : typeName(input);
    return refuse(`be a Date or milliseconds since the epoch; got ${came}.`);
  }
  if (isTimely(time, service)) return Math.trunc(time);
  const isConfirmed = state === 'confirmed';
  if (isTimely(time, local)) return Math.trunc(time - local + service);
  const aheadMs = time - Math.max(local, service);
  if (aheadMs > (isConfirmed ? MAX_AHEAD_MS : MAX_CLOCK_ERROR_MS)) {
    return refuse(`not be in the future; got ${describe(aheadMs)} ahead of now. Send the event when it has happened.`);
  }
  if (time > service) {
    // The local clock may be slow and the time right: then the service's answer decides.
    const isNow = state !== 'unchecked' || time <= service + FUTURE_TOLERANCE_MS;
    return Math.trunc(isNow ? service : time);
  }
  const ageMs = (isConfirmed ? clock.earliest : Math.min(local, service)) - time;
  if (ageMs <= MAX_EVENT_AGE_MS + (isConfirmed ? 0 : MAX_CLOCK_ERROR_MS)) return Math.trunc(time);
  const hint = isTimely(time * 1000, service) ? ' It looks like seconds: multiply by 1000.' : '';
  return refuse(`be at most 7 days old; got ${describe(ageMs)}.${hint}`);
}

function refuse(must: string): Refusal {
  return new Refusal('invalid_time', `time must ${must}`);
}

/** Tells whether `time` is neither in the future nor older than seven days. */
export function isTimely(time: number, now: number): boolean {
  return time <= now && !isTooOld(time, now);
}

/** Tells whether the service would refuse `time` as older than seven days. */
export function isTooOld(time: number, serviceNow: number): boolean {
  return serviceNow - time > MAX_EVENT_AGE_MS;
}

/** Also a Date of another realm, such as a `vm` context or a test environment. */
export function isDate(value: unknown): value is Date {
  return value instanceof Date || Object.prototype.toString.call(value) === '[object Date]';
}

/** Only times that are off by more than a day are refused. */
function describe(ms: number): string {
  const days = ms / DAY_MS;
  return days >= 2 ? `${Math.floor(days)} days` : `${Math.floor(ms / 60_000)} minutes`;
}
