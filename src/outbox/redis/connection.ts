import { withTimeout } from '../../core/with-timeout.js';
import { type Answer, readAnswer } from './answer.js';
import { createDriver } from './driver.js';
import { type Keys, keysOf } from './keys.js';
import { type Link, Links } from './links.js';
import { RedisOutboxError, toRedisOutboxError } from './redis-error.js';
import type { RedisLike } from './redis-like.js';
import { REPAIR } from './repair.js';
import { defineScript, type Script } from './script.js';

/** How long one command may take. A dead connection is found and replaced within the 10 s that an append is retried for. */
export const COMMAND_TIMEOUT_MS = 4_000;

/** How long before the end of a command's timeout its deadline at the server is, so that the answer still arrives. */
const ANSWER_MS = 500;

/** Tells the server's time and changes nothing, so that it does no harm whenever it arrives. */
const PROBE = defineScript('return done({})');

/** The code with which Redis begins an error reply. Errors of a socket begin with a word, or with a code like ECONNRESET. */
const ERROR_REPLY = /^-?(?!E(?!RR\b))[A-Z]+\b/;

export interface RunOptions {
  /** The writer whose last commit the script reads. */
  readonly writer?: string | undefined;
  /**
   * The server runs the script within the command's timeout or never, so that nothing happens after it was reported as
   * failed. @default the server runs it whenever it arrives
   */
  readonly expires?: boolean | undefined;
  /** The command's timeout ends at this time of `performance.now()` at the latest. */
  readonly until?: number | undefined;
}

interface SendOptions extends RunOptions {
  /** As in {@link Link}; a script that expires needs it. */
  readonly clockOffset?: number;
}

/**
 * Runs scripts on the keys of one outbox.
 *
 * A client may keep a command while it is disconnected and send it long afterwards, and a connection may hold one back. So a
 * script with a deadline carries it, in the time of the server, and the first script after a failure is a probe that
 * changes nothing and tells that time.
 */
export class Connection {
  readonly #links: Links;
  readonly #keys: Keys;
  readonly #time: () => string;
  /** The outbox's, for messages. */
  readonly name: string;

  /**
   * @param time the time by a test's clock, or an empty string for the server's
   * @throws {OursError} `invalid_option` for a client of neither package
   */
  constructor(client: RedisLike, name: string, time: () => string) {
    this.#links = new Links(createDriver(client));
    this.#keys = keysOf(name);
    this.#time = time;
    this.name = name;
  }

  /** @throws {RedisOutboxError} with `storedNothing` when the server cannot have run the script, now or later */
  async run(script: Script, values: readonly string[], options: RunOptions = {}): Promise<readonly string[]> {
    const link = this.#links.current();
    if (this.#links.isEnded) throw this.#failed(link, new RedisOutboxError(ENDED, false), false);
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
    throw this.#failed(link, new RedisOutboxError(LATE, true), false);
  }

  /** Closes the client that the outbox has opened, if any. The user's stays open. */
  close(): void {
    this.#links.close();
  }

  async #probe(link: Link, { until }: RunOptions): Promise<number> {
    const { serverMs } = await this.#send(link, PROBE, [], { until });
    return link.noteTime(serverMs);
  }

  async #sendAndRepair(link: Link, send: () => Promise<Answer>): Promise<Answer> {
    const first = await send().catch((error: unknown) => {
      // The stream's group was deleted. Nothing is lost: what it had handed out is delivered again.
      if (/\bNOGROUP\b/.test(messageOf(error))) return undefined;
      throw error;
    });
    if (first !== undefined && first.status !== 'broken') return first;
    await this.#send(link, REPAIR, [], {});
    const second = await send();
    if (second.status !== 'broken') return second;
    throw new RedisOutboxError(
      `the keys {${this.name}}:* contradict each other, and the outbox cannot repair them: look who else writes to them.`,
      false,
    );
  }

  async #send(link: Link, script: Script, values: readonly string[], options: SendOptions): Promise<Answer> {
    const { writer, expires = false, until = Number.POSITIVE_INFINITY, clockOffset } = options;
    const timesOutAt = performance.now() + COMMAND_TIMEOUT_MS;
    const endsAt = Math.min(timesOutAt, until);
    if (endsAt - ANSWER_MS <= performance.now()) throw new Error(NO_TIME);
    const notAfter = expires && clockOffset !== undefined ? String(Math.floor(endsAt - ANSWER_MS + clockOffset)) : '';
    const { shared, lastCommit } = this.#keys;
    const keys = writer === undefined ? shared : [...shared, lastCommit(writer)];
    const all = [...values, this.#time(), notAfter];
    const evaluate = (command: 'evalsha' | 'eval', text: string): Promise<unknown> => {
      const timeoutMs = Math.max(0, endsAt - performance.now());
      const complaint = endsAt < timesOutAt ? NO_TIME : SILENCE;
      return withTimeout(link.driver.evaluate(command, text, keys, all), {
        timeoutMs,
        onTimeout() {
          throw new Error(complaint);
        },
      });
    };
    const reply = await evaluate('evalsha', script.sha1).catch((error: unknown) => {
      // This server has not seen the script, or has forgotten it in a restart.
      if (!/\bNOSCRIPT\b/.test(messageOf(error))) throw error;
      return evaluate('eval', script.text);
    });
    const answer = readAnswer(reply);
    link.noteTime(answer.serverMs);
    return answer;
  }

  #failed(link: Link, error: unknown, isSent: boolean): RedisOutboxError {
    const said = messageOf(error);
    const isRefused = ERROR_REPLY.test(said);
    const isReadOnly = /\bREADONLY\b/.test(said);
    if (isReadOnly || !isRefused) link.clockOffset = undefined;
    // A primary that was demoted keeps its connections: only a new one leads to the new primary.
    if (isReadOnly || said === SILENCE || link.driver.isEnded) this.#links.replace(link);
    // The user's client is open: what was closed is one of its connections, and it opens another. And whatever a client says
    // while it is not ready, it says about its connection.
    const isLost = /(client|connection) is closed/i.test(said) || (!isRefused && !link.driver.isReady);
    const failure =
      error instanceof RedisOutboxError
        ? error
        : isLost
          ? new RedisOutboxError(LOST, true)
          : toRedisOutboxError(error, this.name);
    failure.storedNothing = !isSent || isRefused;
    return failure;
  }
}

const SILENCE: string = `no answer within ${COMMAND_TIMEOUT_MS / 1_000} seconds`;
const NO_TIME = 'no answer in the time that was left';
const LOST = 'the connection to Redis failed (it was lost): see that the server runs and can be reached.';
const ENDED = 'the Redis client is not connected: connect it first, and close it after the outbox.';
const LATE = 'Redis got the command after its deadline and did not run it: the connection is slow, or a clock was set.';

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
