import { toSid } from '../../protocol/identity.js';
import { createSessions } from '../measuring/sessions.js';
import type { EventLine } from '../queries/log-queries.js';

/** One session of a visitor with at least one event, in order of event time. */
export interface SessionTimeline {
  readonly sid: string;
  readonly lines: readonly EventLine[];
}

export interface Timelines {
  /** In order of the first event. */
  readonly sessions: readonly SessionTimeline[];
  /** Events without a session, in order of event time. */
  readonly outside: readonly EventLine[];
}

/** Groups one visitor's events by session. The events must be in order of event time. */
export function timelinesOf(lines: readonly EventLine[]): Timelines {
  const inferred = inferSessions(lines);
  const sessions = new Map<string, EventLine[]>();
  const outside: EventLine[] = [];
  for (const line of lines) {
    const sid = sidOf(line) ?? inferred(line);
    const session = sid === undefined ? outside : sessions.get(sid);
    if (session !== undefined) session.push(line);
    else if (sid !== undefined) sessions.set(sid, [line]);
  }
  return { sessions: [...sessions].map(([sid, events]) => ({ sid, lines: events })), outside };
}

/** Finds the session that an impression without one joined, like the measuring rules do. */
function inferSessions(lines: readonly EventLine[]): (line: EventLine) => string | undefined {
  const visitor = 0;
  const sessions = createSessions();
  for (const line of lines) {
    const { time, byBrowser } = line.event;
    if (!isRefused(line)) sessions.see(visitor, { sid: sidOf(line), time, source: byBrowser ? 'browser' : 'server' });
  }
  return ({ event, warnings }) =>
    warnings.includes('impression_session_inferred') ? sessions.near(visitor, event.time)?.sid : undefined;
}

function sidOf({ event }: EventLine): string | undefined {
  return toSid(event.defaultProperties?.sid);
}

/** Refused events do not show sessions. */
function isRefused({ verdict }: EventLine): boolean {
  return verdict === 'time_out_of_range' || verdict === 'bot' || verdict === 'not_allowlisted';
}
