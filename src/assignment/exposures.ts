import { sleep } from '../core/timers.js';
import { longestRequestMs } from '../transport/http-transport.js';
import type { Assignment } from './assignment.js';
import { createExpiringCache } from './expiring-cache.js';
import { hashKey, hashVisitor, keyMatcher } from './exposure-key.js';
import type { Exposures } from './exposure-store.js';
import { createStoreGuard, type StoreGuardOptions } from './store-guard.js';

/** How long another process is trusted to record what it claimed, before the claim is tried again. */
const TAKEN_TTL_MS = 60_000;
/** How long a visitor's variant is kept for an outage. A stopped experiment may show it again within this time. */
const LAST_TTL_MS = 24 * 60 * 60_000;
/** Added to the timeout of the recording request. */
const CLAIM_MARGIN_MS = 5_000;
const MAX_EXPOSURES = 50_000;
const MAX_LAST = 10_000;

export interface ExposureMemoryOptions extends Omit<StoreGuardOptions, 'timeoutMs'> {
  /** Shared with other processes; without it, each process remembers its own exposures. */
  readonly exposures: Exposures | undefined;
  readonly exposuresTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Separates the projects in a store. */
  readonly experimentToken: string | undefined;
}

/** The right to record an exposure. */
export interface Claim {
  /** Call it with the answer to the recording. Waits for the store only for the rest of the claim's `exposuresTimeoutMs`. */
  confirm(place: string, recorded: Assignment): Promise<void>;
}

/**
 * Remembers recorded exposures by unit (a visitor's session in an experiment) and variant, nearly always one; and, for outages, each
 * visitor's last assignment.
 */
export interface ExposureMemory {
  /** Whether other processes must be asked before an exposure is recorded. */
  readonly isShared: boolean;
  /** Whether this process has recorded any variant of the unit. */
  hasRecorded(unit: string): boolean;
  /** Whether the exposure is known to be recorded, by any process. Does not ask the store. */
  isRecorded(unit: string, variantName: string): boolean;
  /** @param unitMs how long the unit stays the same */
  noteRecorded(unit: string, variantName: string, unitMs: number): void;
  /** The right to record; `undefined` if another process has it. While the store fails, this process decides alone. */
  claim(unit: string, variantName: string, unitMs: number): Promise<Claim | undefined>;
  /** Notes an answer of the service. */
  noteAssignment(place: string, assignment: Assignment): void;
  /** The visitor's last assignment, marked as `sticky`. */
  lastAssignment(place: string): Promise<Assignment | undefined>;
  /**
   * Forgets a visitor here and in the store, unless it is a dry run. Resolves to the number of keys in the store. Rejects when the
   * store does: nobody should believe that it forgot.
   */
  forget(userId: string, dryRun: boolean): Promise<number>;
}

export function createExposureMemory(options: ExposureMemoryOptions): ExposureMemory {
  const { exposures: store, exposuresTimeoutMs: timeoutMs, monotonic } = options;
  const guard = store && createStoreGuard(store, { ...options, timeoutMs });
  /** Without `remember` a claim cannot be extended, so it lasts as long as the unit. */
  const claimMs = (unitMs: number): number =>
    store?.remember ? longestRequestMs(options.requestTimeoutMs) + CLAIM_MARGIN_MS : unitMs;
  /** By unit: the variants that this process has recorded. */
  const recorded = createExpiringCache<readonly string[]>(MAX_EXPOSURES, monotonic);
  /** The exposures that another process has claimed. */
  const taken = createExpiringCache<true>(MAX_EXPOSURES, monotonic);
  /** The exposures that this process has claimed: after a failure it retries with the same claim. */
  const held = createExpiringCache<true>(MAX_EXPOSURES, monotonic);
  const last = createExpiringCache<Assignment>(MAX_LAST, monotonic);

  const alone: Claim = { confirm: async () => undefined };
  const exposureOf = (unit: string, variantName: string): string => `${unit}\n${variantName}`;
  const keyOf = (kind: 'exposure' | 'last', what: string): Promise<string> =>
    hashKey(options.experimentToken, kind, what);

  async function remember(kind: 'exposure' | 'last', what: string, value: string, ttlMs: number): Promise<void> {
    if (store?.remember) await guard?.ask(async () => store.remember?.(await keyOf(kind, what), value, ttlMs));
  }

  async function recall(place: string): Promise<Assignment | undefined> {
    if (!store?.recall) return undefined;
    return toAssignment(await guard?.ask(async () => store.recall?.(await keyOf('last', place))));
  }

  return {
    get isShared() {
      return guard?.isOpen === true;
    },

    hasRecorded: (unit) => recorded.get(unit) !== undefined,

    isRecorded: (unit, variantName) =>
      recorded.get(unit)?.includes(variantName) === true || taken.get(exposureOf(unit, variantName)) === true,

    noteRecorded(unit, variantName, unitMs) {
      recorded.set(unit, [...(recorded.get(unit) ?? []), variantName], unitMs);
    },

    async claim(unit, variantName, unitMs) {
      const exposure = exposureOf(unit, variantName);
      const startedAt = monotonic();
      const isMine =
        held.get(exposure) ??
        (await guard?.ask(async () => {
          const answer: unknown = await store?.claim(await keyOf('exposure', exposure), claimMs(unitMs));
          if (typeof answer === 'boolean') return answer;
          throw new TypeError('claim must resolve to true or false.');
        }));
      if (isMine === undefined) return alone;
      if (!isMine) {
        taken.set(exposure, true, TAKEN_TTL_MS);
        return undefined;
      }
      held.set(exposure, true, claimMs(unitMs));
      const leftMs = timeoutMs - (monotonic() - startedAt);
      return {
        async confirm(place, assignment) {
          if (!assignment.inExperiment) return;
          const told = Promise.all([
            remember('exposure', exposure, '', unitMs),
            remember('last', place, JSON.stringify(assignment), LAST_TTL_MS),
          ]);
          await Promise.race([told, sleep(leftMs)]);
        },
      };
    },

    noteAssignment(place, assignment) {
      const before = last.get(place);
      // Also noted if this process knows no variant: the store may have one from another process.
      if (!assignment.inExperiment && !before && !store?.recall) return;
      last.set(place, assignment, LAST_TTL_MS);
      // The visitor is no longer in the experiment: the store must not bring the variant back.
      if (!assignment.inExperiment && before?.inExperiment) void remember('last', place, '', LAST_TTL_MS);
    },

    async lastAssignment(place) {
      const known = last.get(place) ?? (await recall(place));
      return known?.inExperiment ? { ...known, exposed: false, reason: 'sticky' } : undefined;
    },

    async forget(userId, dryRun) {
      const isTheirs = keyMatcher(userId);
      if (!dryRun) for (const cache of [recorded, taken, held, last]) cache.deleteAll(isTheirs);
      return (await store?.forget?.(await hashVisitor(options.experimentToken, userId), dryRun)) ?? 0;
    },
  };
}

/** Parses a stored value, which may be anything. */
function toAssignment(text: string | undefined): Assignment | undefined {
  try {
    const value = JSON.parse(text ?? '') as Partial<Assignment> | null;
    return typeof value?.variantName === 'string' ? (value as Assignment) : undefined;
  } catch {
    return undefined;
  }
}
