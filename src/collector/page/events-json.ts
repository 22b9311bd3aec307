import type { Answer } from '../http/answer.js';
import type { RouteRequest } from '../http/route.js';
import { WARNING_WORDS } from '../measuring/verdict-words.js';
import type { EventLine, LogQueries } from '../queries/log-queries.js';
import { eventsQueryOf } from './live-page.js';
import { outcomeOf } from './verdict-badge.js';

/** The path of the events as JSON. */
export const EVENTS_JSON_PATH = '/events.json';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;

/** The events of the page as JSON, with its filters, and `distinctId` and `limit`. For programs on this machine. */
export function eventsJson(queries: LogQueries, { url }: RouteRequest): Answer {
  const { event, visitor: name, before } = eventsQueryOf(url);
  const distinctId = url.searchParams.get('distinctId') || undefined;
  const asked = Number(url.searchParams.get('limit'));
  // SQLite takes a negative limit for none, and another web site can link to this path.
  const limit = Number.isSafeInteger(asked) && asked > 0 ? Math.min(asked, MAX_LIMIT) : DEFAULT_LIMIT;
  const events = queries.events({ event, name, before, distinctId, limit }).map(toJson);
  return { status: 200, body: { events, refused: queries.refused() } };
}

function toJson(line: EventLine): object {
  const { outcome, reason, advice } = outcomeOf(line);
  const warnings = line.warnings.map((warning) => ({ warning, meaning: WARNING_WORDS[warning] }));
  return { ...line, outcome, reason, advice, warnings };
}
