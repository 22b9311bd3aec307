import type { Interval } from '../measuring/interval.js';

export type ExperimentType = 'ab' | 'multivariate' | 'personalization';
export type ExperimentStatus = 'draft' | 'running' | 'paused' | 'completed';

export interface Variant {
  readonly id: string;
  readonly name: string;
  readonly isControl: boolean;
  /** 0–1; the shares of an experiment add up to 1. */
  readonly share: number;
}

/** One condition on a query parameter of the page. */
export interface QueryRule {
  readonly parameter: string;
  readonly operator: 'equals' | 'not_equals' | 'contains' | 'exists' | 'not_exists' | 'regex';
  /** Left out where the operator needs none. */
  readonly value?: string | undefined;
}

/** Who and which pages an experiment is for; all of it must hold. */
export interface Targeting {
  /** Globs, one of which must fit; none means every page. */
  readonly urls: readonly string[];
  readonly query: readonly QueryRule[];
  /** [A] A returning visitor has been seen in an earlier session. */
  readonly visitors: 'all' | 'new' | 'returning';
}

/** An experiment with every default filled in. */
export interface Experiment {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly type: ExperimentType;
  readonly status: ExperimentStatus;
  readonly variants: readonly Variant[];
  /** The event that is the goal; a draft may have none yet. */
  readonly primary: string | undefined;
  readonly secondary: readonly string[];
  /** When it ran or runs: what counts is decided by these alone. */
  readonly runs: readonly Interval[];
  readonly pauses: readonly Interval[];
  /** The share of visitors who take part, 0–1. */
  readonly allocation: number;
  readonly targeting: Targeting;
  /** The id of the variant that was declared the winner. */
  readonly winner: string | undefined;
}
