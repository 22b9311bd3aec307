import type { VisitorLine } from '../queries/log-queries.js';

/** One session of a visitor with at least one event, in order of event time. */
export interface SessionTimeline {
  readonly sid: string;
  readonly lines: readonly VisitorLine[];
}

export interface Timelines {
  /** In order of the first event. */
  readonly sessions: readonly SessionTimeline[];
  /** Events without a session, in order of event time. */
  readonly outside: readonly VisitorLine[];
}

/** Groups one visitor's events by session. The events must be in order of event time. */
export function timelinesOf(lines: readonly VisitorLine[]): Timelines {
  const sessions = new Map<string, VisitorLine[]>();
  const outside: VisitorLine[] = [];
  for (const line of lines) {
    const session = line.session === undefined ? outside : sessions.get(line.session);
    if (session !== undefined) session.push(line);
    else if (line.session !== undefined) sessions.set(line.session, [line]);
  }
  return { sessions: [...sessions].map(([sid, events]) => ({ sid, lines: events })), outside };
}
