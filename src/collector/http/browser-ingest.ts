import { z } from 'zod';
import { MAX_EVENT_NAME_LENGTH, MAX_ID_LENGTH } from '../../protocol/limits.js';
import { toDefaultProperties, toEventProperties, toUserProperties } from '../../protocol/properties.js';
import type { Intake } from '../ingest/event-ingest.js';
import { parse } from '../parse.js';
import type { ArrivedRow } from '../store/event-store.js';
import { type Answer, refuse } from './answer.js';
import { describeRefusal } from './refused-row.js';
import type { Route } from './route.js';
import { tokenSchema } from './schemas.js';

/** Where the browser SDK posts to, below the origin that is its `custom_domain`. */
export const INGEST_PATH = '/ingest';

// [A] The SDK takes 200 calls at once and adds what the page did by itself.
const MAX_ROWS = 1_000;

/** What the browser's rows are brought to. */
export interface BrowserIngest {
  readonly intake: Pick<Intake, 'receive'>;
  readonly isKnownToken: (token: string) => boolean;
}

const bodySchema: z.ZodType<{ data: unknown[] }> = z.object({
  // Not z.array: each row is judged alone, and not before they were counted.
  data: z.custom<unknown[]>((value) => Array.isArray(value) && value.length > 0, 'expected an array of 1 row or more'),
});

const properties = z.record(z.string(), z.unknown()).nullish();

const rowSchema = z.object({
  // Names with a $ are the SDK's own: $identify, $identity_recovered, $reset.
  event: z.string().min(1).max(MAX_EVENT_NAME_LENGTH),
  visitor_id: z.string().min(1).max(MAX_ID_LENGTH),
  distinct_id: z.string().min(1).max(MAX_ID_LENGTH).nullish(),
  eventProperties: properties,
  userProperties: properties,
  defaultProperties: properties,
});

/** What the browser SDK asks of its `custom_domain`. */
export function browserRoutes(ingest: BrowserIngest): Route[] {
  return [{ method: 'POST', path: INGEST_PATH, accepts: 'untyped-json', handle: ({ body }) => takeRows(ingest, body) }];
}

function takeRows({ intake, isKnownToken }: BrowserIngest, body: unknown): Answer {
  const sender = parse(tokenSchema, body);
  if (sender.problem !== undefined) return refuse(400, sender.problem);
  const { token } = sender.data;
  if (!isKnownToken(token)) return refuse(401, 'unknown token');
  const parsed = parse(bodySchema, body);
  if (parsed.problem !== undefined) return refuse(400, parsed.problem);
  const { data } = parsed.data;
  if (data.length > MAX_ROWS) return refuse(413, `more than ${MAX_ROWS} rows at once`, MAX_ROWS);

  const visitorId = intake.receive(token, (delivery) => {
    let first: string | undefined;
    for (const input of data) {
      const row = parse(rowSchema, input);
      if (row.problem === undefined) {
        delivery.take(toTrack(row.data));
        first ??= row.data.visitor_id;
      } else {
        delivery.refuse(describeRefusal(input, row.problem));
      }
    }
    return first;
  });
  // 200 even when no row was kept: to anything else the SDK sends them all again, every second, under new ids. And the visitor
  // who was sent [A]: another one would be written over the browser's cookie.
  return { status: 200, body: { success: true, visitor_id: visitorId } };
}

/** A browser's row as the API would have had it; it tells no time, so it happened when it came. */
function toTrack(row: z.infer<typeof rowSchema>): ArrivedRow {
  return {
    byBrowser: true,
    event: row.event,
    userId: row.visitor_id,
    ...(row.distinct_id == null ? {} : { distinctId: row.distinct_id }),
    ...(row.eventProperties == null ? {} : { eventProperties: toEventProperties(row.eventProperties, leaveOut) ?? {} }),
    ...(row.userProperties == null ? {} : { userProperties: toUserProperties(row.userProperties, leaveOut) ?? {} }),
    ...(row.defaultProperties == null
      ? {}
      : { defaultProperties: toDefaultProperties(row.defaultProperties, leaveOut) ?? {} }),
  };
}

/** JSON has nothing that cannot be read but what is nested too deep to be written again: the event counts without it. */
function leaveOut(): void {}
