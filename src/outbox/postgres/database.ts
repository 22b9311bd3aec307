import type { SqlClient } from '../outbox.js';
import { explain } from './errors.js';
import type { Names } from './names.js';
import { checkSchema, migrate } from './schema.js';
import { ANSWER_WITHIN_MS, answerWithin, TimedClient } from './timed-client.js';

/** A migration may have to wait for the one of another process. */
const MIGRATE_WITHIN_MS = 60_000;

/** The outbox's tables as one client or another reaches them. Rejects with a {@link PostgresError} only. */
export class Database {
  readonly #client: TimedClient;
  readonly #names: Names;
  #isChecked = false;

  constructor(client: SqlClient, names: Names) {
    this.#client = new TimedClient(client);
    this.#names = names;
  }

  /**
   * Runs a statement, through `client` where it is not to be the outbox's own; at first it looks whether the tables fit.
   *
   * @param withinMs how long the database may take to answer
   */
  run<Row>(
    text: string,
    values: (string | null)[],
    client?: SqlClient,
    withinMs: number = ANSWER_WITHIN_MS,
  ): Promise<readonly Row[]> {
    const timed = this.#timed(withinMs, client);
    return this.#explaining(async () => {
      if (!this.#isChecked) await checkSchema(timed, this.#names);
      this.#isChecked = true;
      const { rows } = await timed.query(text, values);
      return rows as readonly Row[];
    });
  }

  async migrate(): Promise<void> {
    await this.#explaining(() => migrate(this.#timed(MIGRATE_WITHIN_MS), this.#names));
  }

  /** A transaction is its caller's to end: nothing but the wait is bounded there. */
  #timed(withinMs: number, client?: SqlClient): SqlClient {
    return {
      query: async (text, values) =>
        client === undefined
          ? this.#client.query(text, values, withinMs)
          : answerWithin(client.query(text, values), withinMs),
    };
  }

  async #explaining<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw explain(error, this.#names.given);
    }
  }
}
