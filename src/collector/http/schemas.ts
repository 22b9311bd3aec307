import { z } from 'zod';
import { MAX_EMAIL_LENGTH, MAX_EVENT_NAME_LENGTH, MAX_ID_LENGTH, MAX_TOKEN_LENGTH } from '../../protocol/limits.js';
import type { WireAssignmentRequest, WireIdentify, WireIdentity, WireTrack } from '../../protocol/wire.js';
import type { OrNull } from './without-nulls.js';

// By the official SDK's types, every optional field may also be null, with the same meaning. `withoutNulls` removes the nulls.

// Lone surrogates are all stored as the same replacement character, so two ids could become one.
const WELL_FORMED = /^[^\p{Cs}]*$/u;

const id = z.string().min(1).max(MAX_ID_LENGTH).regex(WELL_FORMED, 'must be well-formed');

// [A] Real properties are not nested deeper, and values nested a thousand times deeper cannot be serialised.
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

const NO_IDENTITY = 'userId, externalId or email is required';

// The function below as JSON Schema.
const HAS_IDENTITY = {
  anyOf: ['userId', 'externalId', 'email'].map((name) => ({
    required: [name],
    properties: { [name]: { type: 'string' } },
  })),
};

function hasIdentity(row: OrNull<WireIdentity>): boolean {
  return (row.userId ?? row.externalId ?? row.email ?? undefined) !== undefined;
}

/** A row of `/batch`, where the service requires a `distinctId`. */
export const batchRowSchema: z.ZodType<OrNull<WireTrack> & { distinctId: string }> = z
  .object({ ...track, distinctId: id })
  .refine(hasIdentity, NO_IDENTITY)
  .meta(HAS_IDENTITY);

/** The body of `/track`. */
export const trackSchema: z.ZodType<OrNull<WireTrack>> = z
  .object({ ...track, distinctId: id.nullable().exactOptional() })
  .refine(hasIdentity, NO_IDENTITY)
  .meta(HAS_IDENTITY);

/** The body of `/identify`. */
export const identifySchema: z.ZodType<OrNull<WireIdentify>> = z
  .object({ ...identity, ...context, userProperties: map })
  .refine(hasIdentity, NO_IDENTITY)
  .meta(HAS_IDENTITY);

/** The field that every body has. */
export const tokenSchema: z.ZodType<{ token: string }> = z.object({
  token: z.string().min(1).max(MAX_TOKEN_LENGTH),
});

/** The body of `/batch`. Its rows are validated one by one, so that an invalid row does not fail the others. */
export const batchSchema: z.ZodType<{ events: unknown[] }> = z.object({
  // Not z.array, which would visit a million rows before they are counted.
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
