import { OursError } from '../../errors.js';
import { later } from '../../timers.js';
import { type Keys, keysOf } from './keys.js';
import { toRedisOutboxError } from './redis-error.js';
import type { RedisLike } from './redis-like.js';
import type { Script } from './script.js';

/** Clients keep a command while they cannot reach the server, some for ever, and some lose it. */
const PATIENCE_MS = 10_000;

type Evaluate = (
  command: 'evalsha' | 'eval',
  script: string,
  keys: readonly string[],
  values: readonly string[],
) => Promise<unknown>;

/** Runs scripts on the keys of one outbox, with a client of either package. */
export class Connection {
  readonly #evaluate: Evaluate;
  readonly #keys: Keys;
  /** The outbox's, for messages. */
  readonly name: string;

  /** @throws {OursError} `invalid_option` for a client that is none */
  constructor(client: RedisLike, name: string) {
    this.#evaluate = evaluateWith(client);
    this.#keys = keysOf(name);
    this.name = name;
  }

  /**
   * @param writer whose last commit the script looks at, if it does
   * @throws {RedisOutboxError}
   */
  async run(script: Script, values: readonly string[], writer?: string): Promise<unknown> {
    const { shared, lastCommit } = this.#keys;
    const keys = writer === undefined ? shared : [...shared, lastCommit(writer)];
    try {
      try {
        return await inTime(this.#evaluate('evalsha', script.sha1, keys, values));
      } catch (error) {
        // This server has not seen the script, or has forgotten it in a restart.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await inTime(this.#evaluate('eval', script.text, keys, values));
      }
    } catch (error) {
      throw toRedisOutboxError(error, this.name);
    }
  }
}

function evaluateWith(client: RedisLike): Evaluate {
  if (typeof client === 'object' && client !== null) {
    if ('evalSha' in client) {
      return (command, script, keys, values) => {
        const options = { keys: [...keys], arguments: [...values] };
        return command === 'eval' ? client.eval(script, options) : client.evalSha(script, options);
      };
    }
    if ('call' in client) {
      return (command, script, keys, values) => client.call(command, [script, String(keys.length), ...keys, ...values]);
    }
  }
  throw new OursError('invalid_option', 'client must be a client of the package ioredis or redis.');
}

function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const cancel = later(PATIENCE_MS, () => reject(new Error(`no answer within ${PATIENCE_MS / 1_000} seconds`)));
    answer.then(resolve, reject).finally(cancel);
  });
}
