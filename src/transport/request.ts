/** One POST: a path below the base URL and the JSON text to send, in UTF-8. */
export interface TransportRequest {
  readonly path: string;
  readonly body: Uint8Array;
  /** Events that travel in it; a request without any is a question and cannot be cut. @default 1 */
  readonly events?: number | undefined;
  /** @default 1 */
  readonly attempt?: number | undefined;
  /** The trace contexts in which the events were tracked. */
  readonly traces?: readonly string[] | undefined;
}
