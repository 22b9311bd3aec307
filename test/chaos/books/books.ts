import type { Truth } from '../service/truth.js';
import type { Line, Tracked } from '../worker/diary.js';
import type { Sample } from '../worker/sampling.js';

/** What a worker was told about one event, and by whom. */
interface Told {
  readonly status: string;
  readonly why: string;
}

/** One event, from the call on. */
export interface Account extends Tracked {
  readonly worker: string;
  /** `stored()` has resolved, or the transaction it was in was committed. */
  isConfirmed: boolean;
  isRolledBack: boolean;
  /** `stored()` rejected: the client was sure that it is not stored. */
  notStored: string | undefined;
  readonly told: Told[];
}

/** What one worker said of itself. */
export interface Diarist {
  readonly warnings: string[];
  readonly failures: string[];
  readonly samples: Sample[];
  pending: number | undefined;
}

/** Everything the workers have written down, by event. */
export class Books {
  readonly accounts = new Map<string, Account>();
  readonly diarists = new Map<string, Diarist>();
  /** The workers whose events live in their memory alone. */
  readonly #isVolatile: boolean;
  readonly #truth: Truth;
  readonly #byKey = new Map<string, Account>();
  /** Accounts that may still be waiting for their event to arrive. */
  readonly #open = new Set<Account>();

  constructor(truth: Truth, isVolatile: boolean) {
    this.#truth = truth;
    this.#isVolatile = isVolatile;
  }

  enter(worker: string, lines: readonly Line[]): void {
    const diarist = this.#diarist(worker);
    for (const line of lines) this.#enterLine(worker, diarist, line);
  }

  /** Whether the service has taken the event. */
  hasArrived({ kind, id, key }: Account): boolean {
    return kind === 'track' ? this.#truth.tracks.has(id) : this.#truth.identifies.has(key);
  }

  /**
   * Whether the client has said of each of these that it may not be stored. What is stored late, against expectation, may come
   * behind what was said later.
   */
  areUnsure(keys: readonly string[]): boolean {
    return keys.every((key) => {
      const account = this.#byKey.get(key);
      return (
        account !== undefined && !account.isConfirmed && (account.notStored !== undefined || account.told.length > 0)
      );
    });
  }

  /** Good events that were promised, have not arrived, and of which nobody has been told an end. */
  missing(isLost: (worker: string) => boolean): Account[] {
    const missing: Account[] = [];
    for (const account of this.#open) {
      if (account.nature !== 'good' || account.isRolledBack || this.hasArrived(account)) this.#open.delete(account);
      else if (this.#isPromised(account, isLost) && !hasEnd(account)) missing.push(account);
    }
    return missing;
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
          // Closed first: nobody claims to know.
          if (line[2] === 'not_stored') account.notStored = line[3];
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

  /** Outcomes of events whose call had not yet been written down: of another worker, or refused at the call. */
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

/** Whether its client has said how it ended: there is nothing left to wait for, be it true or not. */
const hasEnd = ({ told, notStored }: Account): boolean => notStored !== undefined || told.length > 0;

/** The most memory a worker was seen with. */
export const maxMemoryMb = ({ samples }: Diarist): number => Math.max(0, ...samples.map(({ rssMb }) => rssMb));
