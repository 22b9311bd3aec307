import type { OursError } from '../core/errors.js';

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
      /** Where a redirect experiment sends the visitor. */
      readonly redirect: string | undefined;
      /**
       * Whether an exposure of the visitor is recorded in this session, as far as this client knows. With `record: false`
       * that tells whether the visitor was exposed before; `false` for a forced or sticky variant.
       */
      readonly exposed: boolean;
      /**
       * `forced` for a variant chosen by the caller. `sticky` for the last one of a visitor whom the service cannot answer for
       * now. Neither records anything.
       */
      readonly reason: 'assigned' | 'forced' | 'sticky';
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
  /**
   * The visitor's session: an exposure is recorded once in each. Without one it is recorded once in 25 minutes, and again when
   * the session is known, for only the session that has an exposure can convert.
   */
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
  /** Milliseconds since the epoch. */
  readonly assignedAt: number;
  readonly experimentId: string;
  readonly experimentKey: string | undefined;
  readonly experimentName: string | undefined;
  readonly variantId: string;
  readonly variantName: string | undefined;
}
