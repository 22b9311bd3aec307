import { later } from '../../core/timers.js';
import { ignoreErrors } from '../durable/ignore-errors.js';
import type { SqlClient } from '../outbox.js';
import { inTurn } from './in-turn.js';

type Hear = (message: { readonly channel?: string }) => void;

/** A `pg` Client. */
interface Connection extends SqlClient {
  on(event: 'notification' | 'error' | 'end', hear: Hear): unknown;
  removeListener(event: 'notification' | 'error' | 'end', hear: Hear): unknown;
}

/** A connection borrowed from a pool. */
interface PooledConnection extends Connection {
  /** The server process's id. */
  readonly processID?: number;
  /** Whether the connection keeps the process alive. */
  ref?(): void;
  unref?(): void;
  release(destroy?: boolean): void;
}

/** A `pg` Pool. */
export interface ConnectionPool extends SqlClient {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options?: { readonly max?: number };
  connect(): Promise<PooledConnection>;
  on(event: 'error', hear: () => void): unknown;
  on(event: 'connect', hear: (connection: PooledConnection) => void): unknown;
}

export function isPool(client: object): client is ConnectionPool {
  return 'connect' in client && 'totalCount' in client;
}

/** Whether the client is a single connection that emits events, such as a `pg` Client. */
export function isConnection(client: object): client is Connection {
  return !isPool(client) && 'connect' in client && 'on' in client;
}

/**
 * A client emits an error when its connection breaks, a pool when an idle one does, and a borrowed connection may emit one before
 * its borrower can listen. Without a listener, each of them ends the process.
 */
export function handleErrors(client: SqlClient): void {
  const isNew = ignoreErrors(client);
  if (isNew && isPool(client)) client.on('connect', (connection) => void ignoreErrors(connection));
}

/** A client that can receive notifications. */
export type ListeningClient = Connection | ConnectionPool;

/** `pg`'s default. */
const DEFAULT_POOL_SIZE = 10;
/** Besides the listening connection, at least two: one for a transaction of the application, one for the outbox. */
const SMALLEST_POOL = 3;

const sizeOf = (pool: ConnectionPool): number => pool.options?.max ?? DEFAULT_POOL_SIZE;

/** Whether a client can receive notifications, itself or on a spare connection of its pool. */
export function canListen(client: SqlClient): client is ListeningClient {
  return isPool(client) ? sizeOf(client) >= SMALLEST_POOL : isConnection(client);
}

/** Whether the pool has a spare connection, and one more for the application. */
const hasRoom = (pool: ConnectionPool): boolean =>
  pool.waitingCount === 0 && pool.totalCount - pool.idleCount < sizeOf(pool) - 1;

/** How often to check whether callers wait for the listening connection. */
const CHECK_ROOM_MS = 1_000;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

const listeners = new WeakMap<ListeningClient, Listener>();

/**
 * Calls `wake` for each notification of the channel, until the returned function is called. All channels of a client share one
 * connection, however many outboxes use the client. Never throws.
 */
export function listen(client: ListeningClient, channel: string, wake: () => void): () => void {
  let listener = listeners.get(client);
  if (listener === undefined) {
    listener = new Listener(client);
    listeners.set(client, listener);
  }
  return listener.add(channel, wake);
}

/**
 * Listens for the notifications of one client:
 *
 *   idle ──a channel is wanted──▶ connecting ──▶ listening ──no channel is wanted──▶ idle
 *   connecting, listening ──the connection broke, or the pool has none to spare──▶ pausing ──▶ connecting
 *
 * Without a connection nothing is lost, because relays also poll. A channel's `wake` is called once when listening starts, to cover
 * earlier notifications.
 */
class Listener {
  readonly #client: ListeningClient;
  readonly #wanted = new Map<string, Set<() => void>>();
  /** The channels the connection listens to. */
  readonly #heard = new Set<string>();
  #connection: Connection | PooledConnection | undefined;
  /** Returns the connection; defined while there is one. */
  #leave: ((isBroken: boolean) => void) | undefined;
  #cancelPause: (() => void) | undefined;
  #failures = 0;
  #isBusy = false;

  constructor(client: ListeningClient) {
    this.#client = client;
  }

  add(channel: string, wake: () => void): () => void {
    // One function per call: the same `wake` may be added twice.
    const one = (): void => wake();
    const wakes = this.#wanted.get(channel);
    if (wakes === undefined) this.#wanted.set(channel, new Set([one]));
    else wakes.add(one);
    if (this.#heard.has(channel)) one();
    void this.#adjust();
    return () => {
      const left = this.#wanted.get(channel);
      if (left?.delete(one) !== true || left.size > 0) return;
      this.#wanted.delete(channel);
      void this.#adjust();
    };
  }

  /** Makes the connection listen to exactly the wanted channels. Never rejects. */
  async #adjust(): Promise<void> {
    if (this.#isBusy || (this.#cancelPause !== undefined && this.#wanted.size > 0)) return;
    this.#isBusy = true;
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    try {
      await this.#listenToWanted();
      this.#isBusy = false;
      // A channel may have been added or removed meanwhile.
      if (this.#difference() !== undefined) void this.#adjust();
    } catch {
      this.#isBusy = false;
      this.#broke();
    }
  }

  /** A channel that is wanted but not listened to, or the reverse. */
  #difference(): string | undefined {
    for (const channel of this.#wanted.keys()) if (!this.#heard.has(channel)) return channel;
    for (const channel of this.#heard) if (!this.#wanted.has(channel)) return channel;
    return undefined;
  }

  async #listenToWanted(): Promise<void> {
    for (let channel = this.#difference(); channel !== undefined; channel = this.#difference()) {
      this.#connection ??= await this.#connect();
      const connection = this.#connection;
      const isWanted = this.#wanted.has(channel);
      await inTurn(connection, () => connection.query(`${isWanted ? 'LISTEN' : 'UNLISTEN'} "${channel}"`, []));
      // It broke while this waited.
      if (this.#connection !== connection) throw new Error('the connection was lost');
      if (!isWanted) {
        this.#heard.delete(channel);
        continue;
      }
      this.#heard.add(channel);
      this.#failures = 0;
      // Listening alone must not keep the process alive.
      if ('release' in connection) connection.unref?.();
      for (const wake of this.#wanted.get(channel) ?? []) wake();
    }
    if (this.#wanted.size === 0) this.#leave?.(false);
  }

  async #connect(): Promise<Connection | PooledConnection> {
    const client = this.#client;
    if (isPool(client) && !hasRoom(client)) throw new Error('the pool has no connection to spare');
    const pooled = isPool(client) ? await client.connect() : undefined;
    const connection = pooled ?? (client as Connection);
    const onNotification: Hear = ({ channel = '' }) => {
      for (const wake of this.#wanted.get(channel) ?? []) wake();
    };
    // A broken connection may emit more errors after it was replaced.
    const onBroken = (): void => {
      if (this.#leave === leave) this.#broke();
    };
    const leave = (isBroken: boolean): void => {
      this.#leave = undefined;
      this.#connection = undefined;
      this.#heard.clear();
      connection.removeListener('notification', onNotification);
      connection.removeListener('end', onBroken);
      // The error handler stays on a broken connection: an unhandled error would end the process.
      if (!isBroken) connection.removeListener('error', onBroken);
      if (!isBroken) pooled?.ref?.();
      pooled?.release(isBroken);
    };
    connection.on('notification', onNotification);
    connection.on('error', onBroken);
    connection.on('end', onBroken);
    this.#leave = leave;
    if (isPool(client)) this.#checkRoom(client, leave);
    return connection;
  }

  /** Closes the connection when the pool has none left for other callers. */
  #checkRoom(pool: ConnectionPool, leave: (isBroken: boolean) => void): void {
    later(CHECK_ROOM_MS, () => {
      if (this.#leave !== leave) return;
      if (pool.waitingCount > 0 && pool.idleCount === 0) this.#broke();
      else this.#checkRoom(pool, leave);
    });
  }

  #broke(): void {
    this.#leave?.(true);
    // The caller's single client cannot be reconnected.
    if (this.#wanted.size === 0 || !isPool(this.#client)) return;
    this.#cancelPause?.();
    // Jitter: processes must not all reconnect at once when the server is back.
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#cancelPause = later(pauseMs, () => {
      this.#cancelPause = undefined;
      void this.#adjust();
    });
  }
}
