import { deadline } from '../../core/timers.js';
import { StoreError } from '../durable/store-error.js';
import type { SqlClient } from '../outbox.js';
import { inTurn } from './in-turn.js';
import { type ConnectionPool, isConnection, isPool } from './listener.js';

/** Timeout of a statement, in milliseconds. */
export const ANSWER_WITHIN_MS = 10_000;
/** Timeout of a statement that is retried for 10 s: half of that, so that another connection is tried. */
export const RETRIED_WITHIN_MS = 5_000;
/** Timeout of a ping on an idle connection before it is replaced. */
const PING_WITHIN_MS = 1_000;
/** Well below a pool's usual 10 connections: the application keeps most of them. */
const MAX_OVERDUE = 4;

/**
 * Cancels a statement that has timed out and that the server is still running: behind a lock, each attempt would occupy another
 * server connection. The text identifies it, because a pooler invents process ids.
 */
const CANCEL = `
  SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity
  WHERE pid = $1::text::int AND usename = current_user AND state = 'active' AND left(query, 500) = left($2::text, 500)`;

type Values = (string | number | null)[];
type Answer = Awaited<ReturnType<SqlClient['query']>>;

/** A statement under way. */
interface Question {
  readonly answer: Promise<Answer>;
  /** The server process that runs it, if known. */
  readonly processId?: () => number | undefined;
  /** Stops waiting for the answer, and replaces the connection if possible. */
  abandon(): void;
}

/**
 * The caller's SQL client with a timeout for every statement.
 *
 *   responsive ──a statement times out──▶ it fails; a `pg` pool's connection and its dead idle connections are replaced,
 *     and the server cancels the statement
 *   responsive ──4 such statements are still unanswered──▶ silent: statements fail at once, one ping is under way
 *   silent ──a ping or one of the 4 is answered──▶ responsive
 *
 * This bounds the number of unanswered statements, and the memory they hold.
 */
export class TimedClient {
  readonly #client: SqlClient;
  /** Statements that timed out and are still unanswered. */
  readonly #overdue = new Set<Question>();
  #isPinging = false;
  #replacing: Promise<unknown> | undefined;

  constructor(client: SqlClient) {
    this.#client = client;
  }

  /** @throws {StoreError} transient, after a timeout; otherwise what the client throws */
  async query(text: string, values: Values, withinMs: number = ANSWER_WITHIN_MS): Promise<Answer> {
    if (this.#overdue.size < MAX_OVERDUE) {
      return this.#ask(text, values, withinMs, (question) => void this.#cleanUp(text, question));
    }
    void this.#ping();
    throw new StoreError(
      `the SQL client has left ${MAX_OVERDUE} statements unanswered and gets no more until it responds again: check that the database is reachable, and configure timeouts in the client.`,
      { isTransient: true },
    );
  }

  #ask(text: string, values: Values, withinMs: number, onLate?: (question: Question) => void): Promise<Answer> {
    const client = this.#client;
    const question = ask(client, text, values);
    return answerWithin(question.answer, withinMs, () => {
      this.#overdue.add(question);
      const forget = (): void => void this.#overdue.delete(question);
      question.answer.then(forget, forget);
      question.abandon();
      onLate?.(question);
    });
  }

  /** Sends a trivial statement. An answer shows that the client works again, whatever happened to the overdue statements. */
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

  /** What broke one connection has often broken the idle ones too, and the next attempts would get those. */
  #replaceSilent({ idleCount = 0 }: ConnectionPool): Promise<unknown> {
    return Promise.allSettled(Array.from({ length: idleCount }, () => this.#ask('SELECT 1', [], PING_WITHIN_MS)));
  }
}

/**
 * @param onLate called on a timeout, before the rejection
 * @throws {StoreError} transient, after a timeout
 */
export function answerWithin<Result>(
  answer: PromiseLike<Result>,
  withinMs: number,
  onLate: () => void = () => undefined,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const cancel = deadline(withinMs, () => {
      onLate();
      reject(
        new StoreError(
          `the database has not answered within ${withinMs / 1_000} seconds: check that it is reachable and not overloaded, and that the SQL client has a free connection.`,
          { isTransient: true },
        ),
      );
    });
    Promise.resolve(answer).then(resolve, reject).finally(cancel);
  });
}

/** A client of any kind, which manages its own connections. */
function askClient(client: SqlClient, text: string, values: Values): Question {
  return { answer: (async () => client.query(text, values))(), abandon: () => undefined };
}

/** A single connection, which runs one statement at a time. One that times out before its turn is never sent. */
function askConnection(connection: SqlClient, text: string, values: Values): Question {
  let isAbandoned = false;
  const answer = inTurn(connection, async () => {
    if (isAbandoned) throw new Error('the statement timed out before it was sent');
    return connection.query(text, values);
  });
  return {
    answer,
    abandon() {
      isAbandoned = true;
    },
  };
}

function ask(client: SqlClient, text: string, values: Values): Question {
  if (isPool(client)) return askPool(client, text, values);
  return isConnection(client) ? askConnection(client, text, values) : askClient(client, text, values);
}

/** A pool, whose borrowed connection can be replaced. */
function askPool(pool: ConnectionPool, text: string, values: Values): Question {
  let giveBack: ((isBroken: boolean) => void) | undefined;
  let processId: number | undefined;
  let isAbandoned = false;
  const work = async (): Promise<Answer> => {
    const connection = await pool.connect();
    processId = connection.processID;
    // A broken connection also emits an error, and an unhandled one ends the process.
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
