// The part of OpenFeature's interfaces that the provider implements or uses. They are declared here, so that neither this package
// nor its declarations need `@openfeature/server-sdk`; a type test compares them with the real ones.

/**
 * OpenFeature's error codes. A declaration without a value: TypeScript accepts an enum for another one of the same name if that
 * one has its members, and accepts no plain strings.
 */
export declare enum ErrorCode {
  FLAG_NOT_FOUND = 'FLAG_NOT_FOUND',
  TYPE_MISMATCH = 'TYPE_MISMATCH',
  TARGETING_KEY_MISSING = 'TARGETING_KEY_MISSING',
  INVALID_CONTEXT = 'INVALID_CONTEXT',
  GENERAL = 'GENERAL',
}

/** OpenFeature's reasons, as far as this provider gives them. */
export type ResolutionReason =
  | 'SPLIT'
  | 'TARGETING_MATCH'
  | 'CACHED'
  | 'STALE'
  | 'STATIC'
  | 'DEFAULT'
  | 'DISABLED'
  | 'ERROR';

/** A value that JSON can hold. */
export type JsonValue =
  | boolean
  | number
  | string
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** The type of a flag's value. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

/** The result of an evaluation: `ResolutionDetails` of OpenFeature. */
export interface Resolution<Value> {
  readonly value: Value;
  readonly reason: ResolutionReason;
  /** The variant's name. */
  readonly variant?: string;
  readonly errorCode?: ErrorCode;
  readonly errorMessage?: string;
  readonly flagMetadata: Record<string, string | number | boolean>;
}

/**
 * The evaluation context. Besides the targeting key, the provider reads the attributes of {@link VisitorAttributes} and ignores
 * those of other providers.
 */
export interface EvaluationContext extends VisitorAttributes {
  /** The Ours visitor id. @default the visitor of the current request, as `currentVisitor()` returns it */
  readonly targetingKey?: string | undefined;
  readonly [attribute: string]: unknown;
}

/** The attributes of an evaluation context that this provider reads. */
export interface VisitorAttributes {
  /** The Ours visitor id, if the targeting key is another id, such as that of your user. */
  readonly oursUserId?: string | undefined;
  /** The visitor's session. @default the session of the current request, if it has the same visitor */
  readonly oursSessionId?: string | undefined;
  /** The page, for experiments that target URLs. @default the page of the current request, if it has the same visitor */
  readonly oursUrl?: string | undefined;
  /** `false` evaluates without recording an exposure. @default true */
  readonly oursRecord?: boolean | undefined;
  /** For `track`: the event's idempotency key. @default a generated UUIDv7 */
  readonly oursDistinctId?: string | undefined;
}

/** The event emitter that the SDK expects of a provider. */
export interface ProviderEventEmitter {
  emit(event: string, details?: object): void;
  addHandler(event: string, handler: (details?: never) => unknown): void;
  removeHandler(event: string, handler: (details?: never) => unknown): void;
  removeAllHandlers(event?: string): void;
  getHandlers(event: string): ((details?: object) => unknown)[];
  setLogger(logger: EventLogger): this;
}

/** The part of OpenFeature's logger that the event emitter uses. */
export interface EventLogger {
  error(...content: unknown[]): void;
}

/** A provider for `@openfeature/server-sdk`. */
export interface OursProvider {
  readonly metadata: { readonly name: 'ours-ingest' };
  readonly runsOn: 'server';
  readonly events: ProviderEventEmitter;
  resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<Resolution<boolean>>;
  resolveStringEvaluation(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
  ): Promise<Resolution<string>>;
  resolveNumberEvaluation(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
  ): Promise<Resolution<number>>;
  resolveObjectEvaluation<Value>(
    flagKey: string,
    defaultValue: Value,
    context: EvaluationContext,
  ): Promise<Resolution<Value>>;
  /** Tracks an event of the context's visitor; the details become its `eventProperties`. */
  track(event: string, context: EvaluationContext, details: object): void;
  /** Flushes the client, for at most 5 s. The client stays open: it belongs to the program that created it. */
  onClose(): Promise<void>;
}
