import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { onTestFinished } from 'vitest';
import type { App, Sent } from './contract.js';

/** Room for the contract's cookies; Node's default limit is 16 KiB. */
export const MAX_HEADER_BYTES = 4 * 1024 * 1024;

/** A Node server on 127.0.0.1 until the end of the test. */
export async function serve(listener: RequestListener): Promise<App> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return reach(server);
}

/** The same for a server that already listens. */
export function reach(server: Server): App {
  const { port } = server.address() as AddressInfo;
  const dispatcher = new Agent();
  onTestFinished(async () => {
    await dispatcher.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    async send(path, { method = 'GET', headers = {}, body }: Sent = {}) {
      const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': `${body.length}` };
      const answer = await request(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { host: 'shop.example', ...headers, ...type },
        body: body === undefined ? null : Readable.from(inTwo(body)),
        dispatcher,
      });
      return { status: answer.statusCode, body: await answer.body.text() };
    },
  };
}

/** A body in two writes: the server has to wait for the second. */
async function* inTwo(body: string): AsyncGenerator<string> {
  yield body.slice(0, body.length / 2);
  await nextTurn();
  yield body.slice(body.length / 2);
}

/** Serves a function of `Request`s, as runtimes with web APIs do; a handler that throws answers 500. */
export function serveFetch(
  handle: (request: Request, incoming: IncomingMessage) => Response | Promise<Response>,
): Promise<App> {
  return serve(async (incoming, outgoing) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
    const { host = '' } = incoming.headers;
    const body = chunks.length === 0 ? null : Buffer.concat(chunks);
    const request = new Request(`http://${host}${incoming.url}`, {
      method: incoming.method!,
      headers: Object.entries(incoming.headers) as [string, string][],
      body,
    });
    const response = await Promise.resolve()
      .then(() => handle(request, incoming))
      .catch(() => new Response(null, { status: 500 }));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  });
}
