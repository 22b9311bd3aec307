import type { OursError } from '../core/errors.js';

/** A visitor's assignment. A visitor outside the experiment is not in the control: it counts for no variant. */
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
      /** The target of a redirect experiment. */
      readonly redirect: string | undefined;
      /**
       * Whether an exposure of the visitor is recorded in this session, as far as this client knows. With `record: false` it
       * tells whether the visitor was exposed before. `false` for a forced or sticky variant.
       */
      readonly exposed: boolean;
      /**
       * `forced`: the caller chose the variant. `sticky`: the visitor's last variant, because the service cannot answer now.
       * Neither records anything.
       */
      readonly reason: 'assigned' | 'forced' | 'sticky';
    }
  | NotAssigned;

export interface NotAssigned {
  readonly inExperiment: false;
  readonly experimentKey: string;
  readonly variantName?: undefined;
  /**
   * `not_assigned`: the service excluded the visitor (allocation, URL or query). `no_visitor`: there was no visitor id, as on a
   * browser's first request. `fallback`: the assignment is not known; see `error`.
   */
  readonly reason: 'not_assigned' | 'no_visitor' | 'fallback';
  readonly error?: OursError;
}

/** The page, for experiments that target URLs. */
export interface AssignContext {
  /** The page's full URL. */
  readonly url?: string | undefined;
  /** Its query string, if the URL has none. */
  readonly search?: string | undefined;
}

/** The options of `assign`. */
export interface AssignOptions<Variant extends string = string> extends AssignContext {
  /**
   * The visitor's session. An exposure is recorded once for each session; without one, once in 25 minutes, and again when the
   * session is known, because only a session with an exposure can convert.
   */
  readonly sessionId?: string | undefined;
  /** `false` reads the assignment without recording an exposure. @default true */
  readonly record?: boolean | undefined;
  /** For QA: returns this variant without a request and without recording. */
  readonly forceVariant?: Variant | undefined;
  /** Milliseconds until the fallback. @default the client's assignTimeoutMs */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A visitor's variant in an experiment of type `personalization`. */
export interface Personalization {
  /** Milliseconds since the epoch. */
  readonly assignedAt: number;
  readonly experimentId: string;
  readonly experimentKey: string | undefined;
  readonly experimentName: string | undefined;
  readonly variantId: string;
  readonly variantName: string | undefined;
}
