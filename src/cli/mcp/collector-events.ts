import { z } from 'zod';
import { type ApiRequest, PlatformApiError } from '../account/api-request.js';
import { maskId, maskProperties, shown } from './mask.js';

const MAX_MESSAGE_LENGTH = 300;

// What the collector answers to GET /events.json, as far as the tools read it.
const map = z.record(z.string(), z.unknown()).optional();
const lineSchema = z.object({
  number: z.number(),
  visitor: z.number(),
  verdict: z.string().optional(),
  outcome: z.string(),
  reason: z.string(),
  advice: z.string().optional(),
  warnings: z.array(z.object({ warning: z.string(), meaning: z.string() })),
  repeats: z.number(),
  isTest: z.boolean(),
  event: z.object({
    event: z.string(),
    time: z.number(),
    receivedAt: z.number(),
    distinctId: z.string().optional(),
    userId: z.string().optional(),
    externalId: z.string().optional(),
    email: z.string().optional(),
    eventProperties: map,
    userProperties: map,
    defaultProperties: map,
  }),
});
const answerSchema = z.object({
  events: z.array(lineSchema),
  refused: z.array(z.object({ receivedAt: z.number(), message: z.string() })),
});

type Line = z.infer<typeof lineSchema>;

/** Which events to read. */
export interface EventsQuery {
  readonly distinctId?: string | undefined;
  readonly number?: number | undefined;
  readonly event?: string | undefined;
  readonly limit?: number | undefined;
}

/** Events for a tool, with personal values masked, and rows that were refused. */
export interface ReadEvents {
  readonly events: readonly object[];
  readonly refused: readonly { readonly at: string; readonly message: string }[];
}

/** Reads events of a collector. @throws PlatformApiError */
export async function readEvents(request: ApiRequest, { number, ...filter }: EventsQuery): Promise<ReadEvents> {
  const query = new URLSearchParams();
  // The collector pages by the number before which events arrived.
  const asked = number === undefined ? filter : { ...filter, before: number + 1, limit: 1 };
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, String(value));
  const parsed = answerSchema.safeParse(await request(`/events.json?${query}`, 'events'));
  if (!parsed.success) {
    throw new PlatformApiError(
      'the answer to /events.json is not from a collector of this version: check --collector, and restart the collector after an update.',
    );
  }
  const { events, refused } = parsed.data;
  return {
    events: events.filter((line) => number === undefined || line.number === number).map(describe),
    refused: refused.map(({ receivedAt, message }) => ({
      at: iso(receivedAt),
      message: shown(message, MAX_MESSAGE_LENGTH),
    })),
  };
}

function describe(line: Line): object {
  const { number, visitor, verdict, outcome, reason, advice, warnings, repeats, isTest, event } = line;
  const sid = event.defaultProperties?.sid;
  return {
    number,
    event: shown(event.event),
    ...(event.distinctId === undefined ? {} : { distinctId: maskId(event.distinctId) }),
    ...(verdict === undefined ? {} : { verdict }),
    outcome,
    reason: shown(reason, MAX_MESSAGE_LENGTH),
    ...(advice === undefined ? {} : { whatToDo: advice }),
    ...(warnings.length === 0 ? {} : { warnings }),
    visitor: { number: visitor, ...namesOf(event) },
    session: typeof sid === 'string' ? maskId(sid) : 'none',
    happened: iso(event.time),
    arrived: iso(event.receivedAt),
    ...(repeats === 0 ? {} : { sentAgain: repeats }),
    ...(isTest ? { isTest } : {}),
    eventProperties: maskProperties(event.eventProperties),
    userProperties: maskProperties(event.userProperties),
  };
}

/** Which names the visitor was sent under; of an email not even a part. */
function namesOf({ userId, externalId, email }: Line['event']): object {
  return {
    ...(userId === undefined ? {} : { userId: maskId(userId) }),
    ...(externalId === undefined ? {} : { externalId: maskId(externalId) }),
    ...(email === undefined ? {} : { email: '(hidden)' }),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
