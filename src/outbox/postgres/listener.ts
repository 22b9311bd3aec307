import { later } from '../../timers.js';
import type { SqlClient } from '../outbox.js';

type Hear = (message: { readonly channel?: string }) => void;

/** A `pg` Client. */
interface Connection extends SqlClient {
  on(event: 'notification' | 'error' | 'end', hear: Hear): unknown;
  removeListener(event: 'notification' | 'error' | 'end', hear: Hear): unknown;
}

/** One that was taken from a pool. */
interface PooledConnection extends Connection {
  /** Of the server. */
  readonly processID?: number;
  /** Whether the connection keeps the process alive. */
  ref?(): void;
  unref?(): void;
  release(destroy?: boolean): void;
}

/** A `pg` Pool. */
export interface ConnectionPool extends SqlClient {
  readonly totalCount: number;
  readonly idleCount?: number;
  readonly options?: { readonly max?: number };
  connect(): Promise<PooledConnection>;
  on(event: 'error', hear: () => void): unknown;
}

export function isPool(client: SqlClient): client is ConnectionPool {
  return 'connect' in client && 'totalCount' in client;
}

const heard = new WeakSet<ConnectionPool>();

/** A pool says so when a connection breaks that nobody uses, and where nobody hears it the process ends. */
export function outliveErrors(pool: ConnectionPool): void {
  if (heard.has(pool)) return;
  heard.add(pool);
  pool.on('error', () => {});
}

/** What notifications can be heard through. */
export type ListeningClient = Connection | ConnectionPool;

/** Whether it can hear notifications: itself, or on a connection of its own that leaves the pool others. */
export function canListen(client: SqlClient): client is ListeningClient {
  return isPool(client) ? client.options?.max !== 1 : 'connect' in client && 'on' in client;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Hears the notifications of a channel: connecting → listening → (the connection broke) pausing → connecting → … → stopped.
 * Never throws. One `wake` at the start of each listening makes up for what nobody heard before.
 */
export class Listener {
  readonly #client: ListeningClient;
  readonly #channel: string;
  readonly #wake: () => void;
  /** Lets go of the connection; there while there is one. */
  #leave: ((isBroken: boolean) => void) | undefined;
  #cancelPause: (() => void) | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(client: ListeningClient, channel: string, wake: () => void) {
    this.#client = client;
    this.#channel = channel;
    this.#wake = wake;
    void this.#listen();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelPause?.();
    this.#leave?.(false);
  }

  async #listen(): Promise<void> {
    const client = this.#client;
    try {
      const pooled = isPool(client) ? await client.connect() : undefined;
      const connection = pooled ?? (client as Connection);
      this.#enter(connection, pooled);
      if (this.#isStopped) return this.#leave?.(false);
      await connection.query(`LISTEN "${this.#channel}"`, []);
      if (this.#isStopped) return;
      // A process that only listens may end.
      pooled?.unref?.();
      this.#failures = 0;
      this.#wake();
    } catch {
      this.#broke();
    }
  }

  #enter(connection: Connection, pooled: PooledConnection | undefined): void {
    const onNotification: Hear = ({ channel }) => {
      if (channel === this.#channel) this.#wake();
    };
    // A broken one may complain again when another has long taken its place.
    const onBroken = (): void => {
      if (this.#leave === leave) this.#broke();
    };
    connection.on('notification', onNotification);
    connection.on('error', onBroken);
    connection.on('end', onBroken);

    const leave = (isBroken: boolean): void => {
      this.#leave = undefined;
      connection.removeListener('notification', onNotification);
      connection.removeListener('end', onBroken);
      // A broken one may complain once more, and nobody else would hear it.
      if (isBroken) {
        pooled?.release(true);
        return;
      }
      connection.query(`UNLISTEN "${this.#channel}"`, []).then(
        () => {
          connection.removeListener('error', onBroken);
          pooled?.ref?.();
          pooled?.release();
        },
        () => pooled?.release(true),
      );
    };
    this.#leave = leave;
  }

  #broke(): void {
    this.#leave?.(true);
    // A client of the caller's cannot be connected again.
    if (this.#isStopped || !isPool(this.#client)) return;
    this.#cancelPause?.();
    // Not all processes at once, when the server comes back.
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#cancelPause = later(pauseMs, () => void this.#listen());
  }
}
