import type { Interval } from '../measuring/interval.js';

export type ExperimentType = 'ab' | 'multivariate' | 'personalization';
export type ExperimentStatus = 'draft' | 'running' | 'paused' | 'completed';

export interface Variant {
  readonly id: string;
  readonly name: string;
  readonly isControl: boolean;
  /** 0–1; the shares of an experiment add up to 1. */
  readonly share: number;
  /** What a browser does for it: a redirect, or changes of the page. */
  readonly variantType?: VariantType | undefined;
  readonly redirectUrl?: string | undefined;
  readonly domModifications?: readonly DomModification[] | undefined;
}

export type VariantType = 'dom_modifications' | 'redirect';

/** One change of the page. Stored only: the collector does not apply it. */
export interface DomModification {
  readonly selector: string;
  readonly action: string;
  readonly value?: string | null | undefined;
  readonly styles?: readonly { readonly property: string; readonly value: string }[] | null | undefined;
  readonly attribute?: Readonly<Record<string, unknown>> | null | undefined;
}

/** One condition on a query parameter of the page. */
export interface QueryRule {
  readonly parameter: string;
  readonly operator: 'equals' | 'not_equals' | 'contains' | 'exists' | 'not_exists' | 'regex';
  /** Omitted if the operator needs none. */
  readonly value?: string | undefined;
}

/** The visitors and pages of an experiment. All conditions must match. */
export interface Targeting {
  /** Globs, one of which must match; none means every page. */
  readonly urls: readonly string[];
  readonly query: readonly QueryRule[];
  /** [A] A returning visitor was seen in an earlier session. */
  readonly visitors: 'all' | 'new' | 'returning';
}

/** An experiment with all defaults filled in. */
export interface Experiment {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly type: ExperimentType;
  readonly status: ExperimentStatus;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch; `undefined` before the first change. */
  readonly updatedAt: number | undefined;
  readonly variants: readonly Variant[];
  /** The event that is the goal; a draft may have none yet. */
  readonly primary: string | undefined;
  readonly secondary: readonly string[];
  /** When it was running. Only these decide what counts. */
  readonly runs: readonly Interval[];
  readonly pauses: readonly Interval[];
  /** The share of visitors who take part, 0–1. */
  readonly allocation: number;
  readonly targeting: Targeting;
  /** Whether a redirect keeps the query of the page. Stored only: the collector does not redirect. */
  readonly includeQueryString: boolean;
  /** The id of the variant that is reported as the winner. It does not change assignments. */
  readonly winner: string | undefined;
  /** The id of the variant that everyone gets now that the experiment is completed. */
  readonly rollout: string | undefined;
}
