import type { OursError } from '../errors.js';

/** A visitor's place in an experiment. Not being in it is not the control: such a visitor is counted in no arm. */
export type Assignment<Variant extends string = string> =
  | {
      readonly inExperiment: true;
      readonly experimentId: string | undefined;
      readonly experimentKey: string;
      readonly experimentName: string | undefined;
      readonly variantId: string | undefined;
      readonly variantName: Variant;
      readonly isControl: boolean | undefined;
      readonly type: string | undefined;
      /** Where a redirect experiment sends the visitor, as the service gives it. */
      readonly redirect: unknown;
      /** `forced` for a variant chosen by the caller, which records nothing. */
      readonly reason: 'assigned' | 'forced';
    }
  | NotAssigned;

export interface NotAssigned {
  readonly inExperiment: false;
  readonly experimentKey: string;
  readonly variantName?: undefined;
  /**
   * `not_assigned`: the service says no (allocation, URL or query). `no_visitor`: nobody was asked for, as on a browser's
   * very first request. `fallback`: nobody knows; see `error`.
   */
  readonly reason: 'not_assigned' | 'no_visitor' | 'fallback';
  readonly error?: OursError;
}

/** Where the page stands that asks, for experiments that target URLs. */
export interface AssignContext {
  /** The whole URL of the page. */
  readonly url?: string | undefined;
  /** Its query string, where the URL has none. */
  readonly search?: string | undefined;
}

/** How an assignment is asked for. */
export interface AssignOptions<Variant extends string = string> extends AssignContext {
  /** The visitor's session: an exposure is recorded once in each. */
  readonly sessionId?: string | undefined;
  /** `false` reads the assignment without recording an exposure. @default true */
  readonly record?: boolean | undefined;
  /** For QA: take this variant without asking the service; records nothing. */
  readonly forceVariant?: Variant | undefined;
  /** Milliseconds until the fallback. @default the client's assignTimeoutMs */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the visitor has been given in an experiment of type `personalization`. */
export interface Personalization {
  readonly assignedAt: string;
  readonly experimentId: string;
  readonly experimentKey: string | undefined;
  readonly experimentName: string | undefined;
  readonly variantId: string;
  readonly variantName: string | undefined;
}
