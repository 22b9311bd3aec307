import type { Truth } from '../service/truth.js';
import { type Account, type Books, isKnown, maxMemoryMb } from './books.js';

export type FindingKind =
  | 'lost'
  | 'doubled'
  | 'told wrong'
  | 'stuck'
  | 'late'
  | 'order'
  | 'time'
  | 'memory'
  | 'died'
  | 'leaked';

/** A broken promise. */
export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}

export interface AuditOptions {
  readonly books: Books;
  readonly truth: Truth;
  /** Good events that were promised and did not arrive while the run settled. */
  readonly missing: readonly Account[];
  /** The ids among them that are still in the outbox. */
  readonly inside: ReadonlySet<string>;
  /** Whether a worker was killed. */
  readonly isKilled: (worker: string) => boolean;
  /** Whether this process was too busy at that moment to judge the order of requests. */
  readonly wasBusyAt: (at: number) => boolean;
}

const MAX_MEMORY_MB = 400;
/** Reasons for dropping a good event that was never stored. */
const NEVER_HAD = ['outbox_failed', 'queue_full', 'closed'];

/** Compares what the workers were told with what the service accepted. */
export function audit(options: AuditOptions): Finding[] {
  const { books, truth } = options;
  const findings: Finding[] = [];
  for (const account of books.accounts.values()) findings.push(...auditEvent(account, options));
  for (const { kind, text, at, keys, behind } of truth.contradictions) {
    const isExcused = kind === 'order' && (options.wasBusyAt(at) || books.areUnsure(keys) || wereLeft(behind, options));
    if (!isExcused) findings.push({ kind, text });
  }
  findings.push(...auditMissing(options));
  for (const [worker, diarist] of books.diarists) {
    const mb = maxMemoryMb(diarist);
    if (mb > MAX_MEMORY_MB) findings.push({ kind: 'memory', text: `${worker} grew to ${mb} MB` });
    for (const failure of diarist.failures) findings.push({ kind: 'died', text: `${worker}: ${failure}` });
  }
  return findings;
}

function auditMissing({ books, missing, inside }: AuditOptions): Finding[] {
  const findings: Finding[] = [];
  const left = new Map<string, number>();
  for (const account of missing) {
    const text = `${nameOf(account)} was promised and never arrived`;
    const before = left.get(account.worker) ?? 0;
    left.set(account.worker, before + 1);
    if (inside.has(account.id)) findings.push({ kind: 'stuck', text: `${text}: it is still in the outbox` });
    else if (before >= admittedBy(books, account)) findings.push({ kind: 'lost', text: `${text}, and has no outcome` });
  }
  return findings;
}

/**
 * Whether a process ended with all of these undelivered: nobody was promised that they come again. It said so, or it was killed
 * with them in memory.
 */
function wereLeft(keys: readonly string[], { books, isKilled }: AuditOptions): boolean {
  const isLeft = (account: Account): boolean =>
    !account.told.some(isKnown) &&
    (admittedBy(books, account) > 0 || (isKilled(account.worker) && !account.isConfirmed));
  const accounts = keys.map((key) => books.identifyOf(key));
  return accounts.length > 0 && accounts.every((account) => account !== undefined && isLeft(account));
}

/** How many events in memory a client reported as undelivered when it closed or its process ended. */
function admittedBy({ diarists }: Books, { isConfirmed, worker }: Account): number {
  if (isConfirmed) return 0;
  const { pending = 0, warnings } = diarists.get(worker)!;
  const left = warnings.flatMap((warning) => /(\d+) events? undelivered/.exec(warning)?.[1] ?? []).map(Number);
  return Math.max(pending, ...left);
}

function auditEvent(account: Account, { books, truth, isKilled }: AuditOptions): Finding[] {
  const findings: Finding[] = [];
  const { nature, told, notStored, isRolledBack, isConfirmed, worker, kind } = account;
  const find = (what: FindingKind, text: string): void =>
    void findings.push({ kind: what, text: `${nameOf(account)} ${text}` });
  const hasArrived = books.hasArrived(account);
  for (const { status, why } of told.filter(isKnown)) {
    if (status === 'delivered' && !hasArrived) find('told wrong', `was told delivered and never arrived (${why})`);
    if (status !== 'delivered' && hasArrived) find('told wrong', `arrived and was told ${why}`);
    if (status !== 'delivered' && nature === 'good' && !hasArrived) {
      const isTruthful = !isConfirmed && NEVER_HAD.some((reason) => why.includes(reason));
      if (!isTruthful) find('lost', `was given up: ${why}`);
    }
  }
  if (notStored !== undefined && hasArrived) find('told wrong', `arrived and was told ${notStored}`);
  if (isRolledBack && hasArrived) find('told wrong', 'was rolled back and arrived');
  if (isConfirmed && notStored !== undefined) find('told wrong', 'was told stored and not stored');
  if (kind === 'track' && hasArrived) {
    findings.push(...auditTime(account, truth));
    if (!isKilled(worker)) findings.push(...auditOrder(account, books, truth));
  }
  return findings;
}

/** With a correct clock, an event arrives with the time it was given, or with that of the call. */
function auditTime(account: Account, truth: Truth): Finding[] {
  const { id, time, between } = account;
  const arrived = truth.tracks.get(id)?.time;
  if (arrived === undefined || between === undefined) return [];
  const [least, most] = time === undefined ? between : [time, time];
  if (arrived >= least && arrived <= most) return [];
  const by = arrived < least ? arrived - least : arrived - most;
  return [{ kind: 'time', text: `${nameOf(account)} arrived with a time that is ${by} ms off` }];
}

/** No event may overtake the identify before it. */
function auditOrder(account: Account, books: Books, truth: Truth): Finding[] {
  const { after, id } = account;
  if (after === undefined || books.areUnsure([after])) return [];
  const identify = truth.identifies.get(after);
  if (identify === undefined || identify < truth.tracks.get(id)!.order) return [];
  return [{ kind: 'order', text: `${nameOf(account)} arrived before the identify ${after} that it came after` }];
}

const nameOf = ({ kind, id, key, worker }: Pick<Account, 'kind' | 'id' | 'key' | 'worker'>): string =>
  `${kind} ${id === key ? id : `${key} (${id})`} of ${worker}`;
