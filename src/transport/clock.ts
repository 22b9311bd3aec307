import type { ClockReading, ClockState, StampedSpan } from '../protocol/time.js';

/*
 * The model of time: monotonic for waiting, wall for stamping, the service's for judging.
 *
 * The service's clock is kept as an offset from the monotonic clock, so that setting the wall clock later changes nothing.
 * An answer dated D, sent for at S and received at R, says that the service's clock is ahead of the monotonic one by at
 * least D − R and by less than D + 1 s − S, because HTTP dates have whole seconds; 20 ms are added to both sides for how
 * exactly clocks are read. Answers that agree narrow these bounds.
 *
 *   unchecked    No answer was heard. Events are stamped by the wall clock; no event is given up because of its time.
 *   provisional  One answer was heard. It corrects stamps, but no event is given up because of it.
 *   confirmed    Two answers agree, the second one asked for after the first was heard.
 *   disputed     Confirmed, then one answer disagreed. The old bounds correct stamps, but no event is given up.
 *
 *   unchecked   ─ an answer ─▶ provisional ─ an answer that agrees ─▶ confirmed
 *   provisional ─ an answer that disagrees ─▶ provisional, by the new answer
 *   confirmed   ─ an answer that disagrees ─▶ disputed
 *   disputed    ─ an answer that agrees with the bounds ─▶ confirmed
 *               ─ two in a row that agree with each other ─▶ confirmed, by these
 *   any         ─ the wall clock leaps ahead of the monotonic one ─▶ unchecked
 *
 * A leap ahead means that someone set the wall clock, or that the machine slept while the monotonic clock stood still. Only
 * the service can tell which. A leap back can only be a set clock: a checked offset stays, an unchecked one follows, unless that
 * puts the service's clock back behind what its answers before the leap ahead have ruled out.
 */

/** HTTP dates have whole seconds. */
const RESOLUTION_MS = 1_000;
/** Clocks are read in whole milliseconds, and a busy server shows a second a little longer than it lasts. */
const READING_ERROR_MS = 20;
/** On a busy machine a process may be interrupted between reading one clock and the other, but hardly so often in a row. */
const MAX_READS = 5;
/** Dates of several servers behind one address, and dates cached for a second, contradict each other this much. */
const DISAGREEMENT_MS = 500;
/** A leap of the wall clock beyond this is no rounding. */
const STEP_MS = 1_000;
/** Two clocks drift apart by less than 200 parts per million: crystals are specified to 20–100. */
const DRIFT = 2e-4;
/** A smaller change of the offset is not worth a span of its own. */
const NOTICEABLE_MS = 50;
const MAX_SPANS = 16;
/** No service shows a date outside these. */
const EARLIEST_DATE: number = Date.UTC(2020, 0);
const LATEST_DATE: number = Date.UTC(2100, 0);

/** This machine's clock and what the service's answers say about the service's. */
export interface SkewedClock {
  read(): ClockReading;
  /**
   * Learns from one answer of the service, and of nothing else. `sentAt` and `receivedAt` are monotonic milliseconds. A date
   * that is missing or makes no sense teaches nothing.
   */
  learn(date: string | undefined, sentAt: number, receivedAt: number): void;
}

export interface Clocks {
  /** Milliseconds since the epoch; may be set at any time. */
  readonly now: () => number;
  /** Milliseconds that nothing sets; may stand still while the machine sleeps. */
  readonly monotonic: () => number;
  /** @default every event is this client's own */
  readonly isOwn?: ClockReading['isOwn'];
}

/** By how much the service's clock is ahead of another: at least `low`, at most `high` milliseconds. */
export interface OffsetBounds {
  readonly low: number;
  readonly high: number;
}

interface Heard extends OffsetBounds {
  /** When they hold, by the monotonic clock; they widen from then on. */
  readonly asOf: number;
  /** When the first answer that says so was heard. */
  readonly since: number;
}

/** What an answer says about the service's clock, by the clock that shows `sentAt` and `receivedAt`. */
export function boundsOf(date: string | undefined, sentAt: number, receivedAt: number): OffsetBounds | undefined {
  const second = Date.parse(date ?? '');
  const isPlausible = second >= EARLIEST_DATE && second < LATEST_DATE;
  if (!isPlausible) return undefined;
  return { low: second - receivedAt - READING_ERROR_MS, high: second + RESOLUTION_MS - sentAt + READING_ERROR_MS };
}

export function createSkewedClock({ now, monotonic, isOwn = () => true }: Clocks): SkewedClock {
  /** The last look at both clocks, the one before it, and by how much the wall clock was ahead of the monotonic one. */
  let at!: number;
  let local!: number;
  readBoth();
  let before = at;
  let wallOffset = local - at;
  /** By how much the service's clock is taken to be ahead of the wall clock. */
  let skewMs = 0;
  let bounds: Heard | undefined;
  let isConfirmed = false;
  let rival: Heard | undefined;
  /** The service's clock is ahead of the monotonic one by this at least: time that the machine sleeps only adds to it. */
  let leastOffset = Number.NEGATIVE_INFINITY;
  /** The last leap of the wall clock ahead. */
  let leap = { at: Number.NEGATIVE_INFINITY, ms: 0 };
  let spans: readonly StampedSpan[] = [];
  let spanFrom = at;
  let spanOffset = wallOffset;
  /** What was read last; `undefined` once an answer was heard since. */
  let reading: ClockReading | undefined;

  /** Reads both clocks at the same moment: a process that was interrupted in between reads them again. */
  function readBoth(): void {
    for (let tries = 0; tries < MAX_READS; tries += 1) {
      at = monotonic();
      local = now();
      if (monotonic() - at <= READING_ERROR_MS / 2) return;
    }
  }

  /** Looks at both clocks, and for what the wall clock did meanwhile. */
  function look(): void {
    before = at;
    readBoth();
    const leapMs = local - at - wallOffset;
    wallOffset = local - at;
    if (Math.abs(leapMs) > STEP_MS + (at - before) * DRIFT) {
      if (leapMs > 0) leapAhead(leapMs);
      else if (bounds === undefined && wallOffset + skewMs >= leastOffset) closeSpan();
      else skewMs -= leapMs;
    }
    fitSkew();
  }

  function leapAhead(ms: number): void {
    leap = { at, ms };
    // What was stamped by the service's clock needs no correction.
    if (bounds === undefined) closeSpan();
    else openSpan();
    spans = spans.map((span) => ({ ...span, isDoubtful: true }));
    if (bounds !== undefined) leastOffset = lowAt(bounds, at);
    bounds = rival = undefined;
    isConfirmed = false;
  }

  /** Fits the skew to the bounds. */
  function fitSkew(): void {
    if (bounds === undefined) return;
    const low = lowAt(bounds, at);
    const high = highAt(bounds, at);
    const offset = wallOffset + skewMs;
    if (offset >= low && offset <= high) return;
    // No event tracked after an answer gets a time before it, and no time is more than a second ahead.
    skewMs = Math.min(high, low + RESOLUTION_MS) - wallOffset;
    if (Math.abs(wallOffset + skewMs - spanOffset) >= NOTICEABLE_MS) closeSpan();
  }

  /** Keeps how this process stamped until now, because that was wrong or may have been. */
  function closeSpan(): void {
    const span = { from: spanFrom, until: at, offset: spanOffset, isDoubtful: false };
    spans = [...spans, span].slice(-MAX_SPANS);
    openSpan();
  }

  function openSpan(): void {
    // The wall clock may have been set at any time since the last look.
    spanFrom = before;
    spanOffset = wallOffset + skewMs;
  }

  function stateOf(): ClockState {
    if (bounds === undefined) return 'unchecked';
    if (!isConfirmed) return 'provisional';
    return rival === undefined ? 'confirmed' : 'disputed';
  }

  function hear(heard: Heard, sentAt: number): void {
    if (bounds === undefined) {
      bounds = heard;
    } else if (agree(bounds, heard)) {
      isConfirmed ||= sentAt >= bounds.since;
      rival = undefined;
      bounds = intersect(bounds, heard);
    } else if (!isConfirmed) {
      bounds = heard;
    } else if (rival === undefined || !agree(rival, heard)) {
      rival = heard;
    } else if (sentAt >= rival.since) {
      bounds = intersect(rival, heard);
      rival = undefined;
    }
  }

  return {
    read() {
      // Events of the same millisecond share a reading: making one costs more than looking whether the last one holds.
      if (reading !== undefined && now() === reading.local && monotonic() - reading.monotonic < 1) return reading;
      look();
      reading = {
        monotonic: at,
        local,
        service: local + skewMs,
        earliest: bounds === undefined ? Number.NEGATIVE_INFINITY : at + lowAt(bounds, at),
        latest: bounds === undefined ? Number.POSITIVE_INFINITY : at + highAt(bounds, at),
        state: stateOf(),
        spans,
        isOwn,
      };
      return reading;
    },

    learn(date, sentAt, receivedAt) {
      const said = boundsOf(date, sentAt, receivedAt);
      if (said === undefined) return;
      reading = undefined;
      const leapBefore = leap;
      look();
      // Had the machine slept since, the date would be that much older than the monotonic clock makes it.
      const sleptMs = leap !== leapBefore || leap.at > sentAt ? leap.ms : 0;
      hear({ low: said.low, high: said.high + sleptMs, asOf: at, since: receivedAt }, sentAt);
      fitSkew();
    },
  };
}

// The clocks may have drifted apart since.
function lowAt({ low, asOf }: Heard, at: number): number {
  return low - (at - asOf) * DRIFT;
}

function highAt({ high, asOf }: Heard, at: number): number {
  return high + (at - asOf) * DRIFT;
}

function agree(one: Heard, other: Heard): boolean {
  const { low, high } = overlap(one, other);
  return low - high <= DISAGREEMENT_MS;
}

/** What both say. Where they contradict each other a little, the truth is taken to lie in the gap. */
function intersect(earlier: Heard, later: Heard): Heard {
  const { low, high } = overlap(earlier, later);
  return { low: Math.min(low, high), high: Math.max(low, high), asOf: later.asOf, since: earlier.since };
}

function overlap(earlier: Heard, later: Heard): OffsetBounds {
  return {
    low: Math.max(lowAt(earlier, later.asOf), later.low),
    high: Math.min(highAt(earlier, later.asOf), later.high),
  };
}
