import type { ServerResponse } from 'node:http';

const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** The answer to one request. */
export interface Answer {
  readonly status: number;
  /** Strings and bytes are sent unchanged, anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps the answer open after its body. Receives a function that writes more, and returns the clean-up for the end. */
  readonly stream?: (write: (text: string) => void) => () => void;
}

/** A refusal of a whole request; `limit` is the size that is accepted. */
export function refuse(status: number, error: string, limit?: number): Answer {
  return { status, body: { success: false, error, ...(limit === undefined ? {} : { limit }) } };
}

/** Sends the whole answer. `now` is the collector's clock for the `Date` header, from which clients learn their clock skew. */
export function send(response: ServerResponse, answer: Answer, now: number): void {
  const body = writeHead(response, answer, now);
  if (answer.stream === undefined) {
    response.end(body);
    return;
  }
  response.write(body);
  const write = (text: string): void => {
    // Drops readers that are too slow, so that they do not fill the memory. Browsers reconnect.
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    else response.write(text);
  };
  response.once('close', answer.stream(write));
}

/** Announces the whole body and sends half of it. */
export function sendTruncated(response: ServerResponse, answer: Answer, now: number): void {
  const body = writeHead(response, answer, now);
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
}

/** Announces a body, sends none and leaves the connection open. */
export function sendHeadOnly(response: ServerResponse, answer: Answer, now: number): void {
  writeHead(response, answer, now);
  response.flushHeaders();
}

function writeHead(response: ServerResponse, { status, body, headers, stream }: Answer, now: number): Buffer {
  const bytes = Buffer.from(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(stream === undefined && { 'content-length': bytes.length }),
    date: new Date(now).toUTCString(),
    ...headers,
  });
  return bytes;
}
