/** The part of a mark that tells whose contents it describes. */
export interface StoreIdentity {
  /** Of the table's contents. */
  readonly incarnation: string;
  /** When the server started: another value means that it was restarted, or that another server has taken over. */
  readonly startedAt: string;
}

/** The most appends to remember. While more wait, one of the last of them tells enough. */
const MAX_UNSETTLED = 1_000;

/**
 * Detects that a server no longer has what it has confirmed: a standby was promoted that lacked the latest commits, a backup was
 * restored, or a crash cost them (`synchronous_commit = off`). The sequence of the positions does not show that, because
 * PostgreSQL logs its values 32 in advance.
 *
 * Commits are lost from the end. So if another start is seen and the last append that this process has not settled itself is still
 * there, nothing was lost that it does not know the outcome of. If it is not, it was delivered or lost, and nobody can tell.
 */
export class LastAppend {
  readonly #isInside: (distinctId: string) => Promise<boolean>;
  /** Appends that this process has not settled, the last at the end. */
  readonly #unsettled = new Set<string>();
  /** Whether earlier ones are no longer among them. */
  #hasMore = false;
  #startedAt: string | undefined;
  #losses = 0;
  #checking: Promise<void> = Promise.resolve();

  /** @param isInside whether the store has an entry or a dead letter with this id; may reject */
  constructor(isInside: (distinctId: string) => Promise<boolean>) {
    this.#isInside = isInside;
  }

  /** Call when the server has confirmed an append. */
  note(distinctId: string): void {
    // At the end, even if it was appended before.
    this.#unsettled.delete(distinctId);
    this.#unsettled.add(distinctId);
    if (this.#unsettled.size <= MAX_UNSETTLED) return;
    this.#unsettled.delete(this.#unsettled.values().next().value!);
    this.#hasMore = true;
  }

  /** Call when this process has settled an entry. */
  settled(distinctId: string): void {
    this.#unsettled.delete(distinctId);
  }

  /** The incarnation, with a number that changes when commits may have been lost. Never rejects. */
  async incarnationOf({ incarnation, startedAt }: StoreIdentity): Promise<string> {
    this.#checking = this.#checking.then(() => this.#check(startedAt));
    await this.#checking;
    return `${incarnation}/${this.#losses}`;
  }

  async #check(startedAt: string): Promise<void> {
    const before = this.#startedAt;
    if (startedAt === before) return;
    this.#startedAt = startedAt;
    const last = [...this.#unsettled].at(-1);
    if (before === undefined || (last === undefined && !this.#hasMore)) return;
    // If this fails, the next append would hide the loss.
    if (last !== undefined && (await this.#isInside(last).catch(() => false))) return;
    this.#losses += 1;
    this.#unsettled.clear();
    this.#hasMore = false;
  }
}
