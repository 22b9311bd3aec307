import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type Exchange, sendOwn, withoutDate } from './exchange.js';
import type { FaultTable } from './faults.js';

const HUGE_BYTES = 8 * 1024 * 1024;
const DRIP_MS = 5;

/** Answers that are lost, late, cut off or hard to read. Most of them come after the rows were accepted. */
export const BROKEN_ANSWERS = {
  'no answer': () => undefined,
  'reset, nothing taken': ({ response }) => void response.socket?.resetAndDestroy(),
  'reset, all taken': ({ response, take }) => {
    take();
    response.socket?.resetAndDestroy();
  },
  'no answer, all taken': ({ take }) => void take(),
  'answer without an end': (exchange) => {
    const { response } = exchange;
    const text = ownText(exchange);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    response.write(text.slice(0, text.length / 2));
  },
  'answer cut short': (exchange) => {
    const { response } = exchange;
    const text = ownText(exchange);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    response.write(text.slice(0, text.length / 2), () => response.socket?.end());
  },
  'half of the JSON': (exchange) => {
    const text = ownText(exchange);
    exchange.response.writeHead(200, { 'content-type': 'application/json' });
    exchange.response.end(text.slice(0, -3));
  },
  'empty answer': ({ response, take }) => {
    take();
    response.end();
  },
  'not HTTP': ({ response, take }) => {
    take();
    response.socket?.end('\x16\x03\x01 this is something else\r\n\r\n');
  },
  drip: (exchange) => {
    const { response } = exchange;
    // At most 200 chunks, so that even a long answer ends within the request timeout.
    const text = ownText(exchange);
    const size = Math.ceil(text.length / 200);
    let at = 0;
    const timer = setInterval(() => {
      if (response.destroyed || at >= text.length) {
        clearInterval(timer);
        response.end();
      } else {
        response.write(text.slice(at, at + size));
        at += size;
      }
    }, DRIP_MS);
  },
  huge: (exchange) => {
    exchange.take();
    exchange.response.writeHead(200, { 'content-type': 'application/json' });
    exchange.response.end(Buffer.alloc(HUGE_BYTES, ' '));
  },
  'byte order mark': (exchange) => void exchange.response.end(`\uFEFF${ownText(exchange)}`),
  gzip: (exchange) => sendEncoded(exchange, 'gzip', gzipSync),
  deflate: (exchange) => sendEncoded(exchange, 'deflate', deflateSync),
  brotli: (exchange) => sendEncoded(exchange, 'br', brotliCompressSync),
  'early hints first': (exchange) => {
    exchange.response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    sendOwn(exchange, exchange.take());
  },
  'without a date': (exchange) => {
    withoutDate(exchange.response);
    sendOwn(exchange, exchange.take());
  },
  'connection closed after it': (exchange) => sendOwn(exchange, exchange.take(), { connection: 'close' }),
  'reset right after it': (exchange) => {
    const { response } = exchange;
    response.once('finish', () => setImmediate(() => response.socket?.resetAndDestroy()));
    sendOwn(exchange, exchange.take());
  },
} as const satisfies FaultTable;

function ownText({ take, response }: Exchange): string {
  const { status, body } = take();
  response.statusCode = status;
  return JSON.stringify(body);
}

function sendEncoded(exchange: Exchange, name: string, encode: (text: string) => Buffer): void {
  const encoded = encode(ownText(exchange));
  const { response } = exchange;
  response.writeHead(response.statusCode, { 'content-type': 'application/json', 'content-encoding': name });
  response.end(encoded);
}
