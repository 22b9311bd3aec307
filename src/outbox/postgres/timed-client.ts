import { later } from '../../core/timers.js';
import type { SqlClient } from '../outbox.js';
import { PostgresError } from './errors.js';
import { type ConnectionPool, isPool } from './listener.js';

/** How long the database may take to answer a statement, in milliseconds. */
export const ANSWER_WITHIN_MS = 10_000;
/** The same for a statement that is tried again for 10 s: half of that, so that another connection gets a turn. */
export const RETRIED_WITHIN_MS = 5_000;
/** How long an idle connection may take to answer a ping before it is replaced. */
const PING_WITHIN_MS = 1_000;
/** Well below the 10 connections that a pool usually has: the application keeps most of them. */
const MAX_OVERDUE = 4;

/**
 * Ends a statement that is no longer waited for, where the server is at work on it: behind a lock it would keep a connection of
 * the server's, and the next attempt another. The text tells it from another's: a pooler makes process ids up.
 */
const CANCEL = `
  SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity
  WHERE pid = $1::text::int AND usename = current_user AND state = 'active' AND left(query, 500) = left($2::text, 500)`;

type Values = (string | number | null)[];
type Answer = Awaited<ReturnType<SqlClient['query']>>;

/** A statement under way. */
interface Question {
  readonly answer: Promise<Answer>;
  /** The server's process that works on it, where that is known. */
  readonly processId?: () => number | undefined;
  /** Stops waiting for the answer, and replaces the connection where that is possible. */
  abandon(): void;
}

/**
 * The caller's SQL client with an end to every wait.
 *
 *   answering ──a statement has no answer in time──▶ it fails; of a `pg` pool that connection and its silent
 *     idle ones are replaced, and the server ends the statement
 *   answering ──4 such statements are still with the client──▶ silent: statements fail at once, one ping is under way
 *   silent ──a ping or one of the 4 is answered──▶ answering
 *
 * So the number of statements that a client keeps without an answer stays bounded, and with it the memory they hold.
 */
export class TimedClient {
  readonly #client: SqlClient;
  /** Statements that had no answer in time, as long as the client keeps them. */
  readonly #overdue = new Set<Question>();
  #isPinging = false;
  #replacing: Promise<unknown> | undefined;

  constructor(client: SqlClient) {
    this.#client = client;
  }

  /** @throws {PostgresError} transient, when there is no answer in time; else what the client throws */
  async query(text: string, values: Values, withinMs: number = ANSWER_WITHIN_MS): Promise<Answer> {
    if (this.#overdue.size < MAX_OVERDUE) {
      return this.#ask(text, values, withinMs, (question) => void this.#cleanUp(text, question));
    }
    void this.#ping();
    throw new PostgresError(
      `the SQL client has left ${MAX_OVERDUE} statements without an answer and gets no more until it answers again: check that the database can be reached, and give the client timeouts of its own.`,
      undefined,
      true,
    );
  }

  #ask(text: string, values: Values, withinMs: number, onLate?: (question: Question) => void): Promise<Answer> {
    const client = this.#client;
    const question = isPool(client) ? askPool(client, text, values) : ask(client, text, values);
    return answerWithin(question.answer, withinMs, () => {
      this.#overdue.add(question);
      const forget = (): void => void this.#overdue.delete(question);
      question.answer.then(forget, forget);
      question.abandon();
      onLate?.(question);
    });
  }

  /** Asks the least there is to ask. An answer shows that the client works again, whatever became of the overdue statements. */
  async #ping(): Promise<void> {
    if (this.#isPinging) return;
    this.#isPinging = true;
    try {
      await this.#ask('SELECT 1', [], ANSWER_WITHIN_MS);
      this.#overdue.clear();
    } catch {
      // The next statement pings again.
    }
    this.#isPinging = false;
  }

  /** Never rejects. */
  async #cleanUp(text: string, { processId }: Question): Promise<void> {
    const client = this.#client;
    if (!isPool(client)) return;
    this.#replacing ??= this.#replaceSilent(client).then(() => {
      this.#replacing = undefined;
    });
    await this.#replacing;
    const pid = processId?.();
    if (pid !== undefined) await this.#ask(CANCEL, [String(pid), text], PING_WITHIN_MS).catch(() => undefined);
  }

  /** What took one connection away has often taken the idle ones as well, and the next attempts would get those. */
  #replaceSilent({ idleCount = 0 }: ConnectionPool): Promise<unknown> {
    return Promise.allSettled(Array.from({ length: idleCount }, () => this.#ask('SELECT 1', [], PING_WITHIN_MS)));
  }
}

/**
 * @param onLate is called when the time is over, before the rejection
 * @throws {PostgresError} transient, when there is no answer in time
 */
export function answerWithin<Result>(
  answer: PromiseLike<Result>,
  withinMs: number,
  onLate: () => void = () => undefined,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const cancel = later(withinMs, () => {
      onLate();
      reject(
        new PostgresError(
          `the database has not answered within ${withinMs / 1_000} seconds: check that it can be reached and is not overloaded, and that the SQL client has a free connection.`,
          undefined,
          true,
        ),
      );
    });
    Promise.resolve(answer).then(resolve, reject).finally(cancel);
  });
}

/** A client of any kind: what it keeps is its own. */
function ask(client: SqlClient, text: string, values: Values): Question {
  return { answer: (async () => client.query(text, values))(), abandon: () => undefined };
}

/** A pool lends a connection, which can be replaced. */
function askPool(pool: ConnectionPool, text: string, values: Values): Question {
  let giveBack: ((isBroken: boolean) => void) | undefined;
  let processId: number | undefined;
  let isAbandoned = false;
  const work = async (): Promise<Answer> => {
    const connection = await pool.connect();
    processId = connection.processID;
    // A connection that breaks says so here as well, and an error that nobody listens to ends the process.
    const ignore = (): void => undefined;
    connection.on('error', ignore);
    giveBack = (isBroken) => {
      giveBack = undefined;
      if (!isBroken) connection.removeListener('error', ignore);
      connection.release(isBroken);
    };
    if (isAbandoned) {
      giveBack(false);
      throw new Error('the connection came too late');
    }
    let isBroken = true;
    try {
      const answer = await connection.query(text, values);
      isBroken = false;
      return answer;
    } finally {
      giveBack?.(isBroken);
    }
  };
  return {
    answer: work(),
    processId: () => processId,
    abandon() {
      isAbandoned = true;
      giveBack?.(true);
    },
  };
}
