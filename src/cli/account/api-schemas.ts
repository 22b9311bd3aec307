import { z } from 'zod';

// The fields that the commands read from answers of the Platform API. Other fields are ignored.

const text = z.string();

export interface Source {
  readonly id: string;
  readonly name?: string | null | undefined;
  readonly type: string;
  readonly status: string;
  readonly isPublished?: boolean | null | undefined;
  readonly lastTriggeredAt?: string | null | undefined;
}

export const sourceSchema: z.ZodType<Source> = z.object({
  id: text,
  name: text.nullish(),
  type: text,
  status: text,
  isPublished: z.boolean().nullish(),
  lastTriggeredAt: text.nullish(),
});

export interface SourceTokens {
  readonly token: string;
  readonly testToken: string;
}

export const sourceTokensSchema: z.ZodType<SourceTokens> = z.object({ token: text, testToken: text });

export interface AllowedEvent {
  readonly id: string;
  readonly name: string;
  readonly destinationIds: readonly string[];
}

/** The event names that an account accepts. */
export interface AllowedEvents {
  readonly listed: readonly AllowedEvent[];
  /** Whether others are accepted too, as by a collector without `allowedEvents`. */
  readonly allowsEveryName: boolean;
}

export const allowedEventSchema: z.ZodType<AllowedEvent> = z.object({
  id: text,
  name: text,
  destinationIds: z.array(text),
});

interface Metric {
  readonly eventName?: string | null | undefined;
  readonly funnelId?: string | null | undefined;
}

export interface Experiment {
  readonly id: string;
  readonly key: string;
  readonly status: string;
  readonly rolloutVariantId?: string | null | undefined;
  readonly metrics?:
    | { readonly primary?: Metric | null | undefined; readonly secondary?: readonly Metric[] | null | undefined }
    | null
    | undefined;
  readonly variants: readonly { readonly id: string; readonly name: string }[];
}

const metric = z.object({ eventName: text.nullish(), funnelId: text.nullish() });

export const experimentSchema: z.ZodType<Experiment> = z.object({
  id: text,
  key: text,
  status: text,
  rolloutVariantId: text.nullish(),
  metrics: z.object({ primary: metric.nullish(), secondary: z.array(metric).nullish() }).nullish(),
  variants: z.array(z.object({ id: text, name: text })),
});

export interface ListPage {
  readonly entities: readonly unknown[];
  /** Of the allowed events of a collector: whether it also accepts names that it does not list. The service never does. */
  readonly allowsEveryName?: boolean | undefined;
  readonly pagination?: { readonly nextCursor?: string | null | undefined; readonly hasMore: boolean } | undefined;
}

/** One page of a list. A complete list has no `pagination`. */
export const listPageSchema: z.ZodType<ListPage> = z.object({
  entities: z.array(z.unknown()),
  allowsEveryName: z.boolean().optional(),
  pagination: z.object({ nextCursor: text.nullish(), hasMore: z.boolean() }).optional(),
});

/** [A] The format of errors is unpublished. These are the usual fields. */
export const errorSchema: z.ZodType<{ readonly error?: unknown; readonly message?: unknown }> = z.object({
  error: z.unknown().optional(),
  message: z.unknown().optional(),
});
