import { z } from 'zod';
import { MAX_EMAIL_LENGTH, MAX_EVENT_NAME_LENGTH, MAX_ID_LENGTH, MAX_TOKEN_LENGTH } from '../../protocol/limits.js';
import type { WireAssignmentRequest, WireIdentify, WireIdentity, WireTrack } from '../../protocol/wire.js';
import type { OrNull } from './without-nulls.js';

// As the official SDK's types have it, every field that may be left out may also be null. Nulls say nothing: `withoutNulls`
// takes them out of what was accepted.

// Half a surrogate pair is stored as the one character for all that is broken: two ids would become one.
const WELL_FORMED = /^[^\p{Cs}]*$/u;

const id = z.string().min(1).max(MAX_ID_LENGTH).regex(WELL_FORMED, 'expected well-formed text');

// [A] Nobody nests properties deeper, and what is nested a thousand times as deep cannot be written down again.
const MAX_DEPTH = 64;

function isShallow(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < MAX_DEPTH && Object.values(value).every((inner) => isShallow(inner, depth + 1));
}

const map = z
  .record(z.string(), z.unknown())
  .refine((value) => isShallow(value), `nested more than ${MAX_DEPTH} levels deep`)
  .meta({ description: `At most ${MAX_DEPTH} levels deep.` });

const eventName = z
  .string()
  .min(1)
  .max(MAX_EVENT_NAME_LENGTH)
  .regex(/^(?!\$)|^\$identify$/, 'names starting with $ are reserved');

const identity = {
  userId: id.nullable().exactOptional(),
  externalId: id.nullable().exactOptional(),
  email: z.string().min(1).max(MAX_EMAIL_LENGTH).nullable().exactOptional(),
};

const context = {
  defaultProperties: map.nullable().exactOptional(),
  identityContext: z
    .object({ ip: z.string().min(1), userAgent: z.string().min(1) })
    .nullable()
    .exactOptional(),
};

const track = {
  ...identity,
  ...context,
  event: eventName,
  time: z.int().min(0).nullable().exactOptional(),
  eventProperties: z.record(z.string(), z.string().nullable()).nullable().exactOptional(),
  userProperties: map.nullable().exactOptional(),
};

const NAMES_NOBODY = 'userId, externalId or email is required';

// What the function below says, in JSON Schema.
const SOMEBODY = {
  anyOf: ['userId', 'externalId', 'email'].map((name) => ({
    required: [name],
    properties: { [name]: { type: 'string' } },
  })),
};

function namesSomebody(row: OrNull<WireIdentity>): boolean {
  return (row.userId ?? row.externalId ?? row.email ?? undefined) !== undefined;
}

/** A row of `/batch`: the one place where the service insists on a `distinctId`. */
export const batchRowSchema: z.ZodType<OrNull<WireTrack> & { distinctId: string }> = z
  .object({ ...track, distinctId: id })
  .refine(namesSomebody, NAMES_NOBODY)
  .meta(SOMEBODY);

/** The body of `/track`. */
export const trackSchema: z.ZodType<OrNull<WireTrack>> = z
  .object({ ...track, distinctId: id.nullable().exactOptional() })
  .refine(namesSomebody, NAMES_NOBODY)
  .meta(SOMEBODY);

/** The body of `/identify`. */
export const identifySchema: z.ZodType<OrNull<WireIdentify>> = z
  .object({ ...identity, ...context, userProperties: map })
  .refine(namesSomebody, NAMES_NOBODY)
  .meta(SOMEBODY);

/** What every body carries. */
export const tokenSchema: z.ZodType<{ token: string }> = z.object({
  token: z.string().min(1).max(MAX_TOKEN_LENGTH),
});

/** The body of `/batch`, its rows unread: each is judged alone, so that a bad one fails alone. */
export const batchSchema: z.ZodType<{ events: unknown[] }> = z.object({
  // Not z.array: that would visit a million rows before anybody has counted them.
  events: z
    .custom<unknown[]>((value) => Array.isArray(value) && value.length > 0, 'expected an array of 1 row or more')
    .meta({ type: 'array', minItems: 1 }),
});

/** The body of an assignment request. */
export const assignmentSchema: z.ZodType<OrNull<WireAssignmentRequest>> = z.object({
  visitor_id: id,
  context: z
    .object({ url: z.string().nullable().exactOptional(), search: z.string().nullable().exactOptional() })
    .nullable()
    .exactOptional(),
  track_impression: z.boolean().nullable().exactOptional(),
});

/** The body of a personalization request. */
export const personalizationSchema: z.ZodType<{ visitor_id: string }> = z.object({ visitor_id: id });
