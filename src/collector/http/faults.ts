import type { BatchRowCode } from '../../protocol/wire.js';

/** One thing that can go wrong with one request. */
export type Fault =
  /** Answers with this status; nothing is accepted. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  /** Waits, then goes on as usual. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Never answers and accepts nothing. */
  | { readonly kind: 'hang' }
  /** Resets the connection; nothing is accepted. */
  | { readonly kind: 'reset' }
  /** The lost answer: everything is accepted, then the connection is reset. */
  | { readonly kind: 'resetAfter' }
  /** Everything is accepted, but the answer breaks off half-way. */
  | { readonly kind: 'truncated' }
  /** Everything is accepted, but after the answer's headers there is silence. */
  | { readonly kind: 'stallBody' }
  /** A 200 with a page of HTML, as proxies answer; nothing is accepted. */
  | { readonly kind: 'badJson' }
  /** Fails the named rows of a batch, or this share of them (0–1) spread evenly, and accepts the others. */
  | ({ readonly kind: 'rows'; readonly code: BatchRowCode } & (
      | { readonly indexes: readonly number[]; readonly share?: never }
      | { readonly share: number; readonly indexes?: never }
    ));

/** A request as a fault plan sees it, before anything is accepted. */
export interface FaultRequest {
  /** Relative to the base URL, such as `/batch`; of the Platform API the whole, such as `/rest/v1/experiments`. */
  readonly path: string;
  /** Which request to this path it is, counted from 1. */
  readonly attempt: number;
  /** The rows of a batch as they were sent, unchecked. */
  readonly rows?: readonly unknown[];
}

/** Decides about one request; `undefined` lets it pass. */
export type FaultPlan = (request: FaultRequest) => Fault | undefined;

/** Chooses what goes wrong. One-shot faults come first, then the plan. */
export interface Faults {
  /** Replaces everything planned, by a function asked for each request or by a list used up one request at a time. */
  set(plan: FaultPlan | readonly (Fault | undefined)[]): void;
  /** Adds faults for the coming requests, one each; `undefined` lets one pass. */
  next(...faults: readonly (Fault | undefined)[]): void;
  /** Replaces the plan: of all requests the share `rate` (0–1) meets one of `kinds`, each as likely. */
  random(options: {
    readonly rate: number;
    readonly kinds: readonly Fault[];
    /** @default the collector's `random` */
    readonly random?: () => number;
  }): void;
  /** From now on nothing goes wrong. */
  clear(): void;
}

const healthy: FaultPlan = () => undefined;

/** The control handed to users, and the decision the server asks for. */
export function createFaults(defaultRandom: () => number): { readonly control: Faults; readonly decide: FaultPlan } {
  let queue: (Fault | undefined)[] = [];
  let plan = healthy;
  const replace = (newPlan: FaultPlan, newQueue: readonly (Fault | undefined)[]): void => {
    plan = newPlan;
    queue = [...newQueue];
  };
  return {
    control: {
      set: (next) => (typeof next === 'function' ? replace(next, []) : replace(healthy, next)),
      next: (...faults) => void queue.push(...faults),
      random({ rate, kinds, random = defaultRandom }) {
        replace(() => (random() < rate ? kinds[Math.floor(random() * kinds.length)] : undefined), queue);
      },
      clear: () => replace(healthy, []),
    },
    decide: (request) => (queue.length > 0 ? queue.shift() : plan(request)),
  };
}

/** Whether the row at `index` fails, and how. */
export type RowFault = (index: number) => BatchRowCode | undefined;

/** The rows a fault fails; other faults than `rows` fail none. */
export function rowFaultOf(fault: Fault | undefined): RowFault | undefined {
  if (fault?.kind !== 'rows') return undefined;
  const { code, indexes, share = 0 } = fault;
  if (indexes !== undefined) return (index) => (indexes.includes(index) ? code : undefined);
  return (index) => (Math.floor((index + 1) * share) > Math.floor(index * share) ? code : undefined);
}
