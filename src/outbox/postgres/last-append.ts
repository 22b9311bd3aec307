/** The part of a mark that tells whose contents it describes. */
export interface StoreIdentity {
  /** Of the table's contents. */
  readonly incarnation: string;
  /** When the server started: another value means that it was restarted, or that another server has taken over. */
  readonly startedAt: string;
}

/**
 * Detects that a server no longer has what it has confirmed: a standby was promoted that lacked the latest commits, a backup was
 * restored, or a crash cost them (`synchronous_commit = off`). The sequence of the positions does not show that, because
 * PostgreSQL logs its values 32 in advance.
 *
 * Commits are lost from the end. So if another start is seen and the last append of this process is still there, nothing was lost.
 * If it is not, it was delivered or lost, and nobody can tell.
 */
export class LastAppend {
  readonly #isInside: (distinctId: string) => Promise<boolean>;
  #distinctId: string | undefined;
  #startedAt: string | undefined;
  #losses = 0;
  #checking: Promise<void> = Promise.resolve();

  /** @param isInside whether the store has an entry or a dead letter with this id; may reject */
  constructor(isInside: (distinctId: string) => Promise<boolean>) {
    this.#isInside = isInside;
  }

  /** Call when the server has confirmed an append. */
  note(distinctId: string): void {
    this.#distinctId = distinctId;
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
    if (before === undefined || this.#distinctId === undefined) return;
    // If this fails, the next append would hide the loss.
    if (!(await this.#isInside(this.#distinctId).catch(() => false))) this.#losses += 1;
  }
}
