import type { VisitorInput } from '../client/visitor.js';

// The part of the Flags SDK's interfaces that the adapter implements or uses; a type test compares them with the real ones.

/** Whom a flag is decided for: what `ours.visitor()` takes. The SDK does not know the page, so `url` comes from you. */
export type FlagEntities = VisitorInput;

/** The part of a request's headers that the adapter uses. */
export interface FlagHeaders {
  get(name: string): string | null;
}

/** What the SDK passes to `identify`. */
export interface IdentifyParams {
  readonly headers: FlagHeaders;
}

/** What the SDK passes to `decide`. */
export interface DecideParams {
  readonly key: string;
  readonly entities?: FlagEntities;
}

/** What the SDK passes to `bulkDecide`. */
export interface BulkDecideParams {
  readonly flags: readonly { readonly key: string }[];
  readonly entities?: FlagEntities;
}

/** An adapter for `flag()` of the Flags SDK. If a visitor has no variant, the SDK returns the flag's `defaultValue`. */
export interface FlagsAdapter<Value> {
  identify(params: IdentifyParams): FlagEntities;
  decide(params: DecideParams): Promise<Value>;
}

/** A {@link FlagsAdapter} whose flags `evaluate()` decides in one call. */
export interface BulkFlagsAdapter<Value> extends FlagsAdapter<Value> {
  readonly adapterId: symbol;
  bulkDecide(params: BulkDecideParams): Promise<Record<string, Value>>;
}
