import type { ServerResponse } from 'node:http';

const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** What the collector says to one request. */
export interface Answer {
  readonly status: number;
  /** Text and bytes go out as they are, anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps the answer open after its body: is given the way to write more, and returns what to do once the reader has gone. */
  readonly stream?: (write: (text: string) => void) => () => void;
}

/** A refusal of a whole request; `limit` tells what would have been taken. */
export function refuse(status: number, error: string, limit?: number): Answer {
  return { status, body: { success: false, error, ...(limit === undefined ? {} : { limit }) } };
}

/** Answers in full; `now` is the collector's clock, from whose `Date` header clients learn their skew. */
export function send(response: ServerResponse, answer: Answer, now: number): void {
  const body = writeHead(response, answer, now);
  if (answer.stream === undefined) {
    response.end(body);
    return;
  }
  response.write(body);
  const write = (text: string): void => {
    // Whoever does not read is let go, or everything would wait for them in memory; a browser comes back by itself.
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    else response.write(text);
  };
  response.once('close', answer.stream(write));
}

/** Promises a whole body and sends half of it. */
export function sendTruncated(response: ServerResponse, answer: Answer, now: number): void {
  const body = writeHead(response, answer, now);
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
}

/** Promises a body and sends none, leaving the connection open. */
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
