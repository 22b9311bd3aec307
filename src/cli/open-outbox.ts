import type { SecretKey } from '../core/secret-key.js';
import type { DurableOutbox } from '../outbox/outbox.js';
import { UsageError } from './command.js';

/** An outbox that a command has opened. */
export interface OpenOutbox {
  readonly outbox: DurableOutbox;
  /** A short description without credentials. */
  readonly describe: string;
  /** Closes the outbox and its connections. */
  close(): Promise<void>;
  /** The server of a Redis outbox, for checks of its configuration. */
  readonly redis?: RedisServer | undefined;
}

/** A Redis server that answers any command. */
export interface RedisServer {
  call(command: string, ...args: string[]): Promise<unknown>;
}

export interface OpenOptions {
  /** The Redis name or the Postgres table, if not the default. */
  readonly place: string | undefined;
  readonly sealingKeys: readonly SecretKey[] | undefined;
  readonly acceptUnsealed: boolean;
  /** Whether to create a SQLite file or a Redis outbox that does not exist. Commands that only read must not. */
  readonly create: boolean;
  /** Whether to create or update the Postgres table. */
  readonly ensureSchema: boolean;
}

/**
 * Checks the URL of a store before a driver sees it, and returns it without credentials.
 * @throws UsageError without any part of the URL
 */
export function showableUrl(option: string, text: string, schemes: readonly string[], example: string): string {
  // Without the slashes everything after the colon is a path, including user and password.
  const url = /^\w+:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !schemes.includes(url.protocol)) {
    throw new UsageError(
      `${option} must be a URL such as ${example}; special characters in a password must be encoded, such as @ as %40.`,
    );
  }
  // user:12/3@host is parsed as the host "user", the port 12 and a path that contains half of the password.
  if (/@/.test(url.pathname + url.search + url.hash) || url.pathname.includes(':')) {
    throw new UsageError(
      `${option} has an @ or a : after its host: write / ? and # in a password as %2F, %3F and %23, and : in a name as %3A.`,
    );
  }
  return `${url.protocol}//${url.host}${url.pathname}`;
}
