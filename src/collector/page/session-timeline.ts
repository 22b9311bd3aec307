import { toSid } from '../../protocol/identity.js';
import type { EventLine } from '../insight.js';
import { createSessions } from '../measuring/sessions.js';

/** One session of a visitor: its events in order of event time, at least one. */
export interface SessionTimeline {
  readonly sid: string;
  readonly lines: readonly EventLine[];
}

export interface Timelines {
  /** In order of their first events. */
  readonly sessions: readonly SessionTimeline[];
  /** What belongs to no session, in order of event time. */
  readonly outside: readonly EventLine[];
}

/** Sorts one visitor's events, given in order of event time, into their sessions. */
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

/** The session an impression without one has joined by the measuring rules, found the way they find it. */
function inferSessions(lines: readonly EventLine[]): (line: EventLine) => string | undefined {
  const visitor = 0;
  const sessions = createSessions();
  for (const line of lines) {
    const { time, byBrowser } = line.event;
    if (!isRefused(line)) sessions.see(visitor, { sid: sidOf(line), time, source: byBrowser ? 'browser' : 'server' });
  }
  return ({ event, warnings }) =>
    warnings.includes('impression_session_inferred') ? sessions.near(visitor, event.time) : undefined;
}

function sidOf({ event }: EventLine): string | undefined {
  return toSid(event.defaultProperties?.sid);
}

/** What was refused at the door makes no session. */
function isRefused({ verdict }: EventLine): boolean {
  return verdict === 'time_out_of_range' || verdict === 'bot' || verdict === 'not_allowlisted';
}
