import { throwTimeout, withTimeout } from '../../core/with-timeout.js';
import { NotAttemptedError, StoreError } from '../durable/store-error.js';
import { type Answer, readAnswer } from './answer.js';
import { createDriver } from './driver.js';
import { type Keys, keysOf } from './keys.js';
import { type Link, Links } from './links.js';
import { explain } from './redis-error.js';
import type { RedisLike } from './redis-like.js';
import { REPAIR } from './repair.js';
import { defineScript, type Script } from './script.js';

/** Timeout of one command. A dead connection is detected and replaced within the 10 s for which an append is retried. */
export const COMMAND_TIMEOUT_MS = 4_000;

/** How long before the timeout a command's deadline at the server is, so that the reply still arrives. */
const ANSWER_MS = 500;

/** Returns the server's time and changes nothing, so it is harmless whenever it arrives. */
const PROBE = defineScript('return done({})');

/** The code that begins a Redis error reply. Socket errors begin with a word, or with a code like ECONNRESET. */
const ERROR_REPLY = /^-?(?!E(?!RR\b))[A-Z]+\b/;

export interface RunOptions {
  /** The writer whose last commit the script reads. */
  readonly writer?: string | undefined;
  /**
   * The server runs the script within the command's timeout or never, so nothing happens after a reported failure.
   * @default false: the server runs it whenever it arrives
   */
  readonly expires?: boolean | undefined;
  /** The command's timeout ends at this time of `performance.now()` at the latest. */
  readonly until?: number | undefined;
}

interface SendOptions extends RunOptions {
  /** As in {@link Link}; a script that expires requires it. */
  readonly clockOffset?: number;
}

/**
 * Runs scripts on the keys of one outbox.
 *
 * A disconnected client may keep a command and send it much later, and a connection may delay one. So a script with a deadline
 * carries it, in server time, and the first script after a failure is a probe that reads that time and changes nothing.
 */
export class Connection {
  readonly #links: Links;
  readonly #keys: Keys;
  readonly #time: () => string;
  /** The outbox's name, for messages. */
  readonly name: string;

  /**
   * @param time the time of a test's clock, or an empty string for the server's
   * @throws {OursError} `invalid_option` if the client is of neither package
   */
  constructor(client: RedisLike, name: string, time: () => string) {
    this.#links = new Links(createDriver(client));
    this.#keys = keysOf(name);
    this.#time = time;
    this.name = name;
  }

  /** @throws {StoreError} with `storedNothing` if the server cannot have run the script and never will */
  async run(script: Script, values: readonly string[], options: RunOptions = {}): Promise<readonly string[]> {
    const link = this.#links.current();
    if (this.#links.isEnded) throw this.#failed(link, new StoreError(ENDED), false);
    let isSent = false;
    const send = async (): Promise<Answer> => {
      const clockOffset = link.clockOffset ?? (await this.#probe(link, options));
      isSent = true;
      return this.#send(link, script, values, { ...options, clockOffset });
    };
    try {
      const answer = await this.#sendAndRepair(link, send);
      if (answer.status === 'done') return answer.values;
    } catch (error) {
      throw this.#failed(link, error, isSent);
    }
    throw this.#failed(link, new StoreError(LATE, { isTransient: true }), false);
  }

  /** Closes the client that the outbox opened, if any. The caller's client stays open. */
  close(): void {
    this.#links.close();
  }

  async #probe(link: Link, { until }: RunOptions): Promise<number> {
    const { serverMs } = await this.#send(link, PROBE, [], { until });
    return link.noteTime(serverMs);
  }

  async #sendAndRepair(link: Link, send: () => Promise<Answer>): Promise<Answer> {
    const first = await send().catch((error: unknown) => {
      // The stream's group was deleted. Nothing is lost: its claimed entries are delivered again.
      if (/\bNOGROUP\b/.test(messageOf(error))) return undefined;
      throw error;
    });
    if (first !== undefined && first.status !== 'broken') return first;
    await this.#send(link, REPAIR, [], {});
    const second = await send();
    if (second.status !== 'broken') return second;
    throw new StoreError(
      `the keys {${this.name}}:* are inconsistent, and the outbox cannot repair them: check what else writes to them.`,
    );
  }

  async #send(link: Link, script: Script, values: readonly string[], options: SendOptions): Promise<Answer> {
    const { writer, expires = false, until = Number.POSITIVE_INFINITY, clockOffset } = options;
    const timesOutAt = performance.now() + COMMAND_TIMEOUT_MS;
    const endsAt = Math.min(timesOutAt, until);
    if (endsAt - ANSWER_MS <= performance.now()) throw new NotAttemptedError(`${NO_TIME}.`);
    const notAfter = expires && clockOffset !== undefined ? String(Math.floor(endsAt - ANSWER_MS + clockOffset)) : '';
    const { shared, lastCommit } = this.#keys;
    const keys = writer === undefined ? shared : [...shared, lastCommit(writer)];
    const all = [...values, this.#time(), notAfter];
    const evaluate = (command: 'evalsha' | 'eval', text: string): Promise<unknown> => {
      const timeoutMs = Math.max(0, endsAt - performance.now());
      const complaint = endsAt < timesOutAt ? NO_TIME : SILENCE;
      return withTimeout(link.driver.evaluate(command, text, keys, all), {
        timeoutMs,
        onTimeout: throwTimeout(complaint),
      });
    };
    const reply = await evaluate('evalsha', script.sha1).catch((error: unknown) => {
      // This server has not seen the script, or has restarted since.
      if (!/\bNOSCRIPT\b/.test(messageOf(error))) throw error;
      return evaluate('eval', script.text);
    });
    const answer = readAnswer(reply);
    link.noteTime(answer.serverMs);
    return answer;
  }

  #failed(link: Link, error: unknown, isSent: boolean): StoreError {
    if (error instanceof NotAttemptedError) return error;
    const said = messageOf(error);
    const isRefused = ERROR_REPLY.test(said);
    const isReadOnly = /\bREADONLY\b/.test(said);
    if (isReadOnly || !isRefused) link.clockOffset = undefined;
    // A demoted primary keeps its connections: only a new connection reaches the new primary.
    if (isReadOnly || said === SILENCE || link.driver.isEnded) this.#links.replace(link);
    // The caller's client is open: one of its connections was closed, and it opens another. Any error of a client that is not
    // ready is about its connection.
    const isLost = /(client|connection) is closed/i.test(said) || (!isRefused && !link.driver.isReady);
    const storedNothing = !isSent || isRefused;
    if (isLost && !(error instanceof StoreError)) return new StoreError(LOST, { isTransient: true, storedNothing });
    const { message, isTransient, engineCode } = explain(error, this.name);
    return new StoreError(message, { isTransient, storedNothing, engineCode });
  }
}

const SILENCE: string = `no reply within ${COMMAND_TIMEOUT_MS / 1_000} seconds`;
const NO_TIME = 'no reply in the remaining time';
const LOST = 'the connection to Redis failed: check that the server is up and reachable.';
const ENDED = 'the Redis client is not connected: connect it first, and close it after the outbox.';
const LATE =
  'Redis received the command after its deadline and did not run it: the connection is slow, or a clock was changed.';

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
