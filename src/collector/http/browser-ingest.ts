import { z } from 'zod';
import { MAX_EVENT_NAME_LENGTH, MAX_ID_LENGTH } from '../../protocol/limits.js';
import { toDefaultProperties, toEventProperties, toUserProperties } from '../../protocol/property-maps.js';
import type { EventIngest } from '../ingest/event-ingest.js';
import { describeRefusal } from '../ingest/refused-row.js';
import { parse } from '../parse.js';
import type { ArrivedRow } from '../store/collected-event.js';
import { type Answer, refuse } from './answer.js';
import type { Route } from './route.js';
import { tokenSchema } from './schemas.js';

/** The path that the browser SDK posts to, on the origin of its `custom_domain`. */
export const INGEST_PATH = '/ingest';

// [A] The SDK queues 200 calls and adds automatic events.
const MAX_ROWS = 1_000;

export interface BrowserIngest {
  readonly ingest: Pick<EventIngest, 'receive'>;
  readonly isKnownToken: (token: string) => boolean;
}

const bodySchema: z.ZodType<{ data: unknown[] }> = z.object({
  // Not z.array: each row is validated alone, after the rows were counted.
  data: z.custom<unknown[]>((value) => Array.isArray(value) && value.length > 0, 'expected an array of 1 row or more'),
});

const properties = z.record(z.string(), z.unknown()).nullish();

const rowSchema = z.object({
  // The SDK sends its own names with a $: $identify, $identity_recovered, $reset.
  event: z.string().min(1).max(MAX_EVENT_NAME_LENGTH),
  visitor_id: z.string().min(1).max(MAX_ID_LENGTH),
  distinct_id: z.string().min(1).max(MAX_ID_LENGTH).nullish(),
  eventProperties: properties,
  userProperties: properties,
  defaultProperties: properties,
});

/** The route that the browser SDK uses on its `custom_domain`. */
export function browserRoutes(ingest: BrowserIngest): Route[] {
  return [{ method: 'POST', path: INGEST_PATH, accepts: 'untyped-json', handle: ({ body }) => takeRows(ingest, body) }];
}

function takeRows({ ingest, isKnownToken }: BrowserIngest, body: unknown): Answer {
  const sender = parse(tokenSchema, body);
  if (sender.problem !== undefined) return refuse(400, sender.problem);
  const { token } = sender.data;
  if (!isKnownToken(token)) return refuse(401, 'unknown token');
  const parsed = parse(bodySchema, body);
  if (parsed.problem !== undefined) return refuse(400, parsed.problem);
  const { data } = parsed.data;
  if (data.length > MAX_ROWS) return refuse(413, `more than ${MAX_ROWS} rows at once`, MAX_ROWS);

  const visitorId = ingest.receive(token, (delivery) => {
    let first: string | undefined;
    for (const input of data) {
      const row = parse(rowSchema, input);
      if (row.problem === undefined) {
        delivery.accept(toTrack(row.data));
        first ??= row.data.visitor_id;
      } else {
        delivery.refuse(describeRefusal(input, row.problem));
      }
    }
    return first;
  });
  // 200 even if every row was refused: after any other status, the SDK sends all of them again, every second, with new ids.
  // [A] And the visitor that was sent: another one would overwrite the browser's cookie.
  return { status: 200, body: { success: true, visitor_id: visitorId } };
}

/** Converts a browser's row to a row of the API. It has no time, so the time of receipt is used. */
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

/** Drops values that are nested too deep to be serialised. The event counts without them. */
function leaveOut(): void {}
