import { failOption } from '../../core/check-option.js';
import { ignoreErrors } from '../durable/ignore-errors.js';
import type { IoredisLike, NodeRedisLike, RedisLike } from './redis-like.js';

/** A client of either package, as the outbox uses it. */
export interface Driver {
  /** Whether the client can send a command now. It may report so although its connection is dead. */
  readonly isReady: boolean;
  /** Whether the client was closed, or was never connected: it will not reconnect. */
  readonly isEnded: boolean;
  evaluate(
    command: 'evalsha' | 'eval',
    script: string,
    keys: readonly string[],
    values: readonly string[],
  ): Promise<unknown>;
  /** Opens a second client with the same settings, owned by the outbox; `undefined` if this client cannot. */
  duplicate(): Driver | undefined;
  /** Closes a client that the outbox owns. */
  dispose(): void;
}

interface Emitter {
  on?(event: string, listener: () => void): unknown;
}

/** Members that both packages' clients have and the public types do not require: a wrapper with only the commands works too. */
interface Ioredis extends IoredisLike, Emitter {
  readonly status?: string;
  duplicate?(): Ioredis;
  disconnect?(): void;
}

interface NodeRedis extends NodeRedisLike, Emitter {
  readonly isOpen?: boolean;
  readonly isReady?: boolean;
  duplicate?(): NodeRedis;
  connect?(): Promise<unknown>;
  destroy?(): unknown;
}

/** @throws {OursError} `invalid_option` for anything but a client of `ioredis` or `redis` */
export function createDriver(client: RedisLike): Driver {
  if (typeof client === 'object' && client !== null) {
    // Without a listener, a lost connection ends the process or is printed.
    ignoreErrors(client);
    if ('evalSha' in client) return nodeRedisDriver(client);
    if ('call' in client) return ioredisDriver(client);
  }
  failOption('client must be a client of the package ioredis or redis.');
}

function ioredisDriver(client: Ioredis): Driver {
  return {
    get isReady() {
      return client.status === undefined || client.status === 'ready';
    },
    get isEnded() {
      return client.status === 'end';
    },
    evaluate: (command, script, keys, values) =>
      client.call(command, [script, String(keys.length), ...keys, ...values]),
    duplicate() {
      const copy = client.duplicate?.();
      if (copy === undefined) return undefined;
      ignoreErrors(copy);
      return ioredisDriver(copy);
    },
    dispose: () => client.disconnect?.(),
  };
}

function nodeRedisDriver(client: NodeRedis): Driver {
  return {
    get isReady() {
      return client.isReady ?? client.isOpen ?? true;
    },
    get isEnded() {
      return client.isOpen === false;
    },
    evaluate(command, script, keys, values) {
      const options = { keys: [...keys], arguments: [...values] };
      return command === 'eval' ? client.eval(script, options) : client.evalSha(script, options);
    },
    duplicate() {
      const copy = client.duplicate?.();
      if (copy === undefined) return undefined;
      ignoreErrors(copy);
      copy.connect?.().catch(() => undefined);
      return nodeRedisDriver(copy);
    },
    dispose() {
      // A sentinel client closes asynchronously; a client that is closed already may throw.
      const destroy = async (): Promise<void> => {
        await client.destroy?.();
      };
      const destroyQuietly = (): void => void destroy().catch(() => undefined);
      // A client that is connecting has no socket to close yet, and becomes ready after it was closed.
      client.on?.('ready', destroyQuietly);
      destroyQuietly();
    },
  };
}
