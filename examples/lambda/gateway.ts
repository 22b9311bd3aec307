import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { Listening } from '../simulation/listen.js';

type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** The remaining time at the start of an invocation. */
const LEFT_MS = 10_000;

/** The part of an invocation's context that a handler uses. */
export function invocation(): Context {
  const endsAt = Date.now() + LEFT_MS;
  return { getRemainingTimeInMillis: () => endsAt - Date.now() } as Context;
}

/**
 * Simulates an HTTP API of API Gateway with one instance of a function, which handles one request at a time and is frozen after each
 * answer. `onFrozen` is called then.
 */
export async function startGateway(handler: Handler, onFrozen: () => Promise<void>): Promise<Listening> {
  let idle: Promise<unknown> = Promise.resolve();
  const invoke = (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    const answer = idle.then(() => handler(event, invocation()));
    idle = answer.then(onFrozen);
    return answer;
  };
  const server = createServer(async (request, response) => {
    const { statusCode = 200, headers = {}, body } = await invoke(await toEvent(request));
    response.writeHead(statusCode, headers as Record<string, string>).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Payload 2.0: cookies separate from the other headers, bodies in base64 unless they are JSON or text. */
async function toEvent(request: IncomingMessage): Promise<APIGatewayProxyEventV2> {
  const { method = 'GET', url = '/', headers, socket } = request;
  const { cookie, ...others } = headers as Record<string, string>;
  const { pathname, search } = new URL(url, `http://${headers.host}`);
  const isText = /^(application\/json|text\/)/.test(headers['content-type'] ?? '');
  const routeKey = `${method} ${pathname}`;
  return {
    version: '2.0',
    routeKey,
    rawPath: pathname,
    rawQueryString: search.slice(1),
    cookies: cookie?.split('; ') ?? [],
    headers: others,
    requestContext: {
      accountId: 'local',
      apiId: 'local',
      domainName: others.host ?? '',
      domainPrefix: 'local',
      http: {
        method,
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp: socket.remoteAddress ?? '',
        userAgent: others['user-agent'] ?? '',
      },
      requestId: 'local',
      routeKey,
      stage: '$default',
      time: new Date().toUTCString(),
      timeEpoch: Date.now(),
    },
    body: (await buffer(request)).toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  };
}
