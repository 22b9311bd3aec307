/**
 * Every limit of the Ingest API in one place. Lengths are UTF-16 code units, sizes are UTF-8 bytes.
 *
 * Source: the service's public OpenAPI text. `[A]` marks what is unpublished and assumed by us.
 */

export const MAX_EVENT_NAME_LENGTH = 1000;
export const MAX_TOKEN_LENGTH = 250;
export const MAX_ID_LENGTH = 400;
export const MAX_EMAIL_LENGTH = 1000;

/** An event may be at most 7 days old when the service receives it. */
export const MAX_EVENT_AGE_MS: number = 7 * 24 * 60 * 60 * 1000;

/** A browser's session ends after so long without activity. Source: the browser SDK 1.0.3. */
export const SESSION_IDLE_MS: number = 30 * 60 * 1000;

/** A browser's session lasts no longer than this, however active it is. Source: the browser SDK 1.0.3. */
export const MAX_SESSION_MS: number = 6 * 60 * 60 * 1000;

/** [A] Rows in one batch until the service says otherwise. */
export const DEFAULT_BATCH_ROWS = 100;

/** [A] Bytes in one request until the service says otherwise. */
export const DEFAULT_BATCH_BYTES: number = 512 * 1024;

/**
 * Reserved in a request for what is around one row. Enough for the longest token, because the relay that sends a stored row may
 * have another token than the client that wrote it.
 */
export const RESERVED_BYTES = 512;
