import { failOption, requireFunction } from '../../core/check-option.js';
import { typeName } from '../../core/refusal.js';
import type { BatchRowCode } from '../../protocol/wire.js';
import { checkFault } from './check-fault.js';
import type { Fault } from './fault.js';

/** A request before anything is accepted, for a fault plan. */
export interface FaultRequest {
  /** Relative to the base URL, such as `/batch`; the full path for the Platform API, such as `/rest/v1/experiments`. */
  readonly path: string;
  /** The number of the request to this path, from 1. */
  readonly attempt: number;
  /** The rows of a batch, not validated. */
  readonly rows?: readonly unknown[];
}

/** Returns the fault for one request; `undefined` lets it pass. */
export type FaultPlan = (request: FaultRequest) => Fault | undefined;

/**
 * Injects faults. One-shot faults come first, then the plan.
 *
 * An invalid fault throws an `OursError` `invalid_option` that lists the choices. When a plan returns one, the request gets a 500
 * with that message.
 */
export interface Faults {
  /** Replaces all faults by a function that is called for each request, or by a list with one fault per request. */
  set(plan: FaultPlan | readonly (Fault | undefined)[]): void;
  /** Adds one-shot faults for the next requests; `undefined` lets one pass. */
  next(...faults: readonly (Fault | undefined)[]): void;
  /** Replaces the plan: the share `rate` (0–1) of requests gets one of the faults in `kinds`, all equally likely. */
  random(options: {
    readonly rate: number;
    readonly kinds: readonly Fault[];
    /** @default the collector's `random` */
    readonly random?: () => number;
  }): void;
  /** Removes all faults. */
  clear(): void;
}

const healthy: FaultPlan = () => undefined;

/** Creates the control for users and the decision for the server. */
export function createFaults(defaultRandom: () => number): { readonly control: Faults; readonly decide: FaultPlan } {
  let queue: (Fault | undefined)[] = [];
  let plan = healthy;
  const replace = (newPlan: FaultPlan, newQueue: readonly (Fault | undefined)[]): void => {
    plan = newPlan;
    queue = [...newQueue];
  };
  return {
    control: {
      set(next) {
        if (typeof next === 'function') return replace(checked(next), []);
        if (!Array.isArray(next))
          failOption(`faults.set needs a function or an array of faults; got ${typeName(next)}.`);
        checkList('faults.set', next);
        replace(healthy, next);
      },
      next(...faults) {
        checkList('faults.next', faults);
        queue.push(...faults);
      },
      random(options) {
        if (typeof options !== 'object' || options === null)
          failOption(`faults.random needs an object { rate, kinds }; got ${typeName(options)}.`);
        const { rate, kinds, random = defaultRandom } = options;
        if (!(rate >= 0 && rate <= 1)) failOption(`faults.random: rate must be a number from 0 to 1; got ${rate}.`);
        if (!Array.isArray(kinds) || kinds.length === 0)
          failOption("faults.random: kinds must be an array of faults, such as [{ kind: 'reset' }].");
        for (const fault of kinds) checkFault('faults.random', fault);
        requireFunction('faults.random: random', random);
        replace(() => (random() < rate ? kinds[Math.floor(random() * kinds.length)] : undefined), queue);
      },
      clear: () => replace(healthy, []),
    },
    // Without types, `null` means none, as in other methods.
    decide: (request) => (queue.length > 0 ? queue.shift() : plan(request)) ?? undefined,
  };
}

function checkList(call: string, faults: readonly unknown[]): void {
  for (const fault of faults) if (fault != null) checkFault(call, fault);
}

/** A plan whose faults are checked. */
function checked(plan: FaultPlan): FaultPlan {
  return (request) => {
    const fault = plan(request);
    if (fault != null) checkFault('faults.set: the plan', fault);
    return fault;
  };
}

/** Returns how the row at `index` fails; `undefined` if it does not. */
export type RowFault = (index: number) => BatchRowCode | undefined;

/** The rows that a fault of kind `rows` fails; `undefined` for other kinds. */
export function rowFaultOf(fault: Fault | undefined): RowFault | undefined {
  if (fault?.kind !== 'rows') return undefined;
  const { code, indexes, share = 0 } = fault;
  if (indexes !== undefined) return (index) => (indexes.includes(index) ? code : undefined);
  return (index) => (Math.floor((index + 1) * share) > Math.floor(index * share) ? code : undefined);
}
