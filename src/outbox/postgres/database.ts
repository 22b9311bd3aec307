import type { SqlClient } from '../outbox.js';
import { explain, PostgresError } from './errors.js';
import type { Names } from './names.js';
import { checkSchema, migrate } from './schema.js';

/** The outbox's tables as one client or another reaches them. Rejects with a {@link PostgresError} only. */
export class Database {
  readonly #client: SqlClient;
  readonly #names: Names;
  #isChecked = false;

  constructor(client: SqlClient, names: Names) {
    this.#client = client;
    this.#names = names;
  }

  /** Runs a statement, through `client` where it is not to be the outbox's own; at first it looks whether the tables fit. */
  run<Row>(text: string, values: (string | null)[], client: SqlClient = this.#client): Promise<readonly Row[]> {
    return this.#explaining(async () => {
      if (!this.#isChecked) await checkSchema(client, this.#names);
      this.#isChecked = true;
      const { rows } = await client.query(text, values);
      return rows as readonly Row[];
    });
  }

  async migrate(): Promise<void> {
    await this.#explaining(() => migrate(this.#client, this.#names));
  }

  async #explaining<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof PostgresError ? error : explain(error, this.#names.given);
    }
  }
}
