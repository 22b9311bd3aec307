import { retryTransient } from '../durable/retry-transient.js';
import { StoreError } from '../durable/store-error.js';
import type { SqlClient } from '../outbox.js';
import { explain, postgresError } from './errors.js';
import type { Names } from './names.js';
import { readReply } from './reply.js';
import { checkSchema, migrate } from './schema.js';
import { ANSWER_WITHIN_MS, answerWithin, TimedClient } from './timed-client.js';

/** A migration may have to wait for another process's migration. */
const MIGRATE_WITHIN_MS = 60_000;

/**
 * How long a statement is repeated that lost a race against another transaction. Where transactions are serializable by default,
 * claims and appends of several processes lose many, and a relay pauses for a second after each failure.
 */
const REPEAT_FOR_MS = 1_000;

/** Runs statements on the outbox's tables. Rejects only with a {@link StoreError}. */
export class Database {
  readonly #client: TimedClient;
  readonly #names: Names;
  #isChecked = false;

  constructor(client: SqlClient, names: Names) {
    this.#client = new TimedClient(client);
    this.#names = names;
  }

  /**
   * Runs one of the outbox's statements, through `client` if given; the first run checks the version of the tables. Every
   * statement returns two values: whether row level security hides rows, and its own result.
   *
   * @param withinMs the longest wait for the database
   */
  run<Result>(
    text: string,
    values: (string | null)[],
    client?: SqlClient,
    withinMs: number = ANSWER_WITHIN_MS,
  ): Promise<Result> {
    const timed = this.#timed(withinMs, client);
    const attempt = (): Promise<Result> =>
      this.#explaining(async () => {
        if (!this.#isChecked) await checkSchema(timed, this.#names);
        this.#isChecked = true;
        const [hidesRows, result] = readReply(await timed.query(text, values), this.#names.given);
        if (hidesRows === true) throw hiddenRows(this.#names);
        return result as Result;
      });
    // The caller's transaction can only be repeated as a whole.
    if (client !== undefined) return attempt();
    return retryTransient(attempt, { shouldRetry: hasLostRace, retryForMs: REPEAT_FOR_MS });
  }

  async migrate(): Promise<void> {
    await this.#explaining(() => migrate(this.#timed(MIGRATE_WITHIN_MS), this.#names));
  }

  /** The caller ends its own transaction: there only the wait is bounded. */
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

/** Whether the server has rolled the statement back because of another transaction: a serialization failure or a deadlock. */
const hasLostRace = (error: unknown): boolean =>
  error instanceof StoreError && (error.engineCode === '40001' || error.engineCode === '40P01');

const hiddenRows = ({ given, entries, identifies, deadLetters }: Names): StoreError =>
  postgresError(
    `row level security may hide events of ${given} from the client's user: nothing is stored or delivered through it. Give the user BYPASSRLS, or a policy FOR ALL USING (true) on ${entries}, ${identifies} and ${deadLetters}, without restrictive ones (42501).`,
    '42501',
  );
