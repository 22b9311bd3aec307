import type { Truth } from '../service/truth.js';
import type { Line, Tracked } from '../worker/diary.js';
import type { Sample } from '../worker/sampling.js';

/** An outcome that a worker was told for an event. */
interface Told {
  readonly status: string;
  readonly why: string;
}

/** Everything the workers know about one event. */
export interface Account extends Tracked {
  readonly worker: string;
  /** `stored()` resolved, or its transaction was committed. */
  isConfirmed: boolean;
  isRolledBack: boolean;
  /** `stored()` threw `rejected` or `not_stored` with this message. */
  notStored: string | undefined;
  readonly told: Told[];
}

/** What a worker wrote about itself. */
export interface Diarist {
  readonly warnings: string[];
  readonly failures: string[];
  readonly samples: Sample[];
  pending: number | undefined;
}

/** The diaries of all workers, by event. */
export class Books {
  readonly accounts = new Map<string, Account>();
  readonly diarists = new Map<string, Diarist>();
  /** Whether events wait in the memory of their process. */
  readonly #isVolatile: boolean;
  readonly #truth: Truth;
  readonly #byKey = new Map<string, Account>();
  /** Accounts whose event may still have to arrive. */
  readonly #open = new Set<Account>();

  constructor(truth: Truth, isVolatile: boolean) {
    this.#truth = truth;
    this.#isVolatile = isVolatile;
  }

  enter(worker: string, lines: readonly Line[]): void {
    const diarist = this.#diarist(worker);
    for (const line of lines) this.#enterLine(worker, diarist, line);
  }

  /** Whether the service accepted the event. */
  hasArrived({ kind, id, key }: Account): boolean {
    return kind === 'track' ? this.#truth.tracks.has(id) : this.#truth.identifies.has(key);
  }

  /**
   * Whether the client reported each of these as not stored. If one was stored after all, it may have been stored late, behind
   * later ones.
   */
  areUnsure(keys: readonly string[]): boolean {
    return keys.every((key) => {
      const account = this.#byKey.get(key);
      return (
        account !== undefined && !account.isConfirmed && (account.notStored !== undefined || account.told.length > 0)
      );
    });
  }

  identifyOf(key: string): Account | undefined {
    return this.#byKey.get(key);
  }

  /** Good events that were promised, have not arrived, and have no outcome. */
  missing(isLost: (worker: string) => boolean): Account[] {
    const missing: Account[] = [];
    for (const account of this.#open) {
      if (account.nature !== 'good' || account.isRolledBack || this.hasArrived(account)) this.#open.delete(account);
      else if (this.#isPromised(account, isLost) && !hasEnd(account)) missing.push(account);
    }
    return missing;
  }

  /** Stored events that can never be delivered and have no outcome yet. They delay good ones. */
  countWaitingPoison(): number {
    let count = 0;
    for (const account of this.accounts.values()) {
      if (account.nature === 'poison' && this.#isPromised(account, () => false) && !hasEnd(account)) count += 1;
    }
    return count;
  }

  #isPromised({ isConfirmed, worker }: Account, isLost: (worker: string) => boolean): boolean {
    return isConfirmed || (this.#isVolatile && !isLost(worker));
  }

  #enterLine(worker: string, diarist: Diarist, line: Line): void {
    switch (line[0]) {
      case 'tracked': {
        const account = {
          ...line[1],
          worker,
          isConfirmed: false,
          isRolledBack: false,
          notStored: undefined,
          told: this.#early.get(line[1].id) ?? [],
        };
        this.#early.delete(account.id);
        this.accounts.set(account.id, account);
        if (account.kind === 'identify') this.#byKey.set(account.key, account);
        this.#open.add(account);
        return;
      }
      case 'stored':
        this.#change(line[1], (account) => {
          account.isConfirmed = true;
        });
        return;
      case 'not stored':
        this.#change(line[1], (account) => {
          // Other codes, such as `closed`, do not claim to know.
          if (line[2] === 'rejected' || line[2] === 'not_stored') account.notStored = line[3];
        });
        return;
      case 'transaction':
        for (const id of line[1]) {
          this.#change(id, (account) => {
            if (line[2] === 'committed') account.isConfirmed = true;
            if (line[2] === 'rolled back') account.isRolledBack = true;
          });
        }
        return;
      case 'outcome':
      case 'settled':
        this.#tell(line[1], { status: line[2], why: `${line[0]}: ${line[3]}` });
        return;
      case 'warned':
        diarist.warnings.push(line[1]);
        return;
      case 'sampled':
        diarist.samples.push(line[1]);
        return;
      case 'closed':
        diarist.pending = line[1].pending;
        return;
      case 'failed':
        diarist.failures.push(line[1]);
    }
  }

  /** Outcomes that were read before the event: another worker wrote them, or the event was rejected at the call. */
  readonly #early = new Map<string, Told[]>();

  #tell(id: string, told: Told): void {
    const known = this.accounts.get(id)?.told ?? this.#early.get(id);
    if (known !== undefined) known.push(told);
    else this.#early.set(id, [told]);
  }

  #change(id: string, change: (account: Account) => void): void {
    const account = this.accounts.get(id);
    if (account !== undefined) change(account);
  }

  #diarist(worker: string): Diarist {
    const known = this.diarists.get(worker);
    if (known !== undefined) return known;
    const diarist: Diarist = { warnings: [], failures: [], samples: [], pending: undefined };
    this.diarists.set(worker, diarist);
    return diarist;
  }
}

/** Whether there is nothing left to wait for. An outcome `unknown` is an end as well, unless the event was confirmed before. */
const hasEnd = ({ told, notStored, isConfirmed }: Account): boolean =>
  notStored !== undefined || told.some(isKnown) || (!isConfirmed && told.length > 0);

/** `unknown` promises nothing: the event may arrive or not. */
export const isKnown = ({ status }: Told): boolean => status !== 'unknown';

/** The highest RSS of a worker. */
export const maxMemoryMb = ({ samples }: Diarist): number => Math.max(0, ...samples.map(({ rssMb }) => rssMb));
