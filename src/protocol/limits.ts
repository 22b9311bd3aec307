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

/** [A] Rows in one batch until the service says otherwise. */
export const DEFAULT_BATCH_ROWS = 100;

/** [A] Bytes in one request until the service says otherwise. */
export const DEFAULT_BATCH_BYTES: number = 512 * 1024;
