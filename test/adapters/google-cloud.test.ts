import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type HttpFunction, http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import express, { type NextFunction, type Request, type Response } from 'express';
import { describe, expect, it } from 'vitest';
import { currentVisitor, httpFunction, type WithVisitor } from '../../src/adapters/google-cloud.js';
import type { Client, Visitor } from '../../src/index.js';
import { arrived, rig, until } from '../support/client.js';
import { type AdapterSetup, type App, describeAdapter } from './contract.js';
import { serve } from './servers.js';

const ON_GOOGLE = { platform: { env: { FUNCTION_TARGET: 'shop' } }, flushIntervalMs: 3_600_000 };
const VISITOR = { cookie: 'ours_device_id=v', 'user-agent': 'browser' };
const buys = (visitor: Visitor, distinctId: string) => visitor.track('purchase', {}, { distinctId }).distinctId;

/** Google's front end in front of a server: it appends the address that it saw. */
function behindFrontEnd(listener: RequestListener): Promise<App> {
  return serve((request, response) => {
    const { headers, socket } = request;
    const before = headers['x-forwarded-for'];
    headers['x-forwarded-for'] = `${before === undefined ? '' : `${before}, `}${socket.remoteAddress}`;
    headers['x-forwarded-proto'] ??= 'https';
    listener(request, response);
  });
}

/** The Functions Framework's own server, as a listener. */
function frameworkOf(name: string, handler: HttpFunction): RequestListener {
  http(name, handler);
  const [listener] = (getTestServer(name) as Server).listeners('request');
  return listener as RequestListener;
}

/** The same on a server of Node's own, as on Cloud Run. */
function expressApp(handle: (request: Request) => unknown): RequestListener {
  const app = express();
  app.use(express.json());
  app.use(async (request: Request, response: Response) => {
    response.json(await handle(request));
  });
  app.use((_error: unknown, _: Request, response: Response, _next: NextFunction) => void response.sendStatus(500));
  return app;
}

const shared = { currentVisitor, knowsPeer: true, origin: 'https://shop.example' };

describeAdapter('Google Cloud Functions', {
  create: ({ ours, options, handle }: AdapterSetup) =>
    behindFrontEnd(
      frameworkOf(
        'contract',
        httpFunction(
          ours,
          async (request: Request & WithVisitor, response: Response) => {
            response.status(200).send(JSON.stringify(await handle(request.visitor)));
          },
          options,
        ),
      ),
    ),
  ...shared,
});

describeAdapter('Cloud Run, around an Express application,', {
  create: ({ ours, options, handle }: AdapterSetup) =>
    behindFrontEnd(
      httpFunction(
        ours,
        expressApp((request) => handle((request as Request & WithVisitor).visitor)),
        options,
      ),
    ),
  ...shared,
});

describe('a response on Google Cloud', () => {
  /** A server without Express, whose answer is a function of the response. */
  async function answering(client: Client, answer: (response: ServerResponse, visitor: Visitor) => unknown) {
    return serve(
      httpFunction(client, ({ visitor }: IncomingMessage & WithVisitor, response: ServerResponse) =>
        answer(response, visitor),
      ),
    );
  }

  it.each<[string, (response: ServerResponse) => void, string]>([
    ['one string', (response) => void response.end('bought'), 'bought'],
    [
      'bytes with an encoding and a callback',
      (response) => void response.end('Ym91Z2h0', 'base64', () => undefined),
      'bought',
    ],
    ['several chunks', (response) => [response.write('bou'), response.end('ght')], 'bought'],
    ['no body', (response) => void response.writeHead(204).end(), ''],
  ])('ends after its events are delivered: %s', async (_, answer, body) => {
    const { client, collector, warnings } = await rig(ON_GOOGLE);
    const { send } = await answering(client, (response, visitor) => {
      buys(visitor, 'a');
      client.track({ event: 'purchase', userId: 'v', distinctId: 'b' });
      answer(response);
    });
    expect((await send('/', { headers: VISITOR })).body).toBe(body);
    expect(arrived(collector)).toEqual(['a', 'b']);
    expect(warnings, 'the host freezes, but events are flushed').toEqual([]);
  });

  describe('that has ended for the application', () => {
    /** An Express application that buys, answers and then calls `afterwards`, while the event is delivered. */
    function answeredBy(afterwards: (response: Response) => unknown) {
      const app = express();
      app.get('/', async (request, response) => {
        buys((request as Request & WithVisitor).visitor, 'a');
        response.send('first');
        await afterwards(response);
      });
      return app;
    }
    const fail = () => {
      throw new Error('of the application');
    };

    it.each<[string, (app: ReturnType<typeof answeredBy>) => unknown]>([
      ['Express’s own, which destroys the connection', () => undefined],
      [
        'one that asks first',
        (app) =>
          app.use((_error: unknown, _: Request, response: Response, _next: NextFunction) => {
            if (!response.headersSent) response.status(500).send('failed');
          }),
      ],
      [
        'one that does not ask',
        (app) =>
          app.use((_error: unknown, _: Request, response: Response, _next: NextFunction) => {
            response.status(500).send('failed');
          }),
      ],
    ])('keeps its status and body if the handler then fails, with an error handler: %s', async (_, handleErrors) => {
      const { client } = await rig(ON_GOOGLE);
      const app = answeredBy(fail);
      handleErrors(app);
      const { send } = await serve(httpFunction(client, app as RequestListener));
      expect(await send('/', { headers: VISITOR })).toEqual({ status: 200, body: 'first' });
    });

    it.each<[string, (response: Response) => unknown]>([
      ['end', (response) => response.end()],
      ['destroy', (response) => response.destroy()],
      ['flushHeaders', (response) => response.flushHeaders()],
      ['its connection’s destroy', ({ socket }) => socket?.destroy()],
    ])('keeps its status and body whatever is called on it: %s', async (_, call) => {
      const { client } = await rig(ON_GOOGLE);
      const { send } = await serve(httpFunction(client, answeredBy(call) as RequestListener));
      expect(await send('/', { headers: VISITOR })).toEqual({ status: 200, body: 'first' });
    });

    it.each([undefined, 'Bought'])('keeps its status and the words for it: %s', async (words) => {
      const { client } = await rig(ON_GOOGLE);
      let sent: Response | undefined;
      const { send } = await serve(
        httpFunction(client, (_request: IncomingMessage & WithVisitor, response: ServerResponse) => {
          sent = response as Response;
          if (words !== undefined) response.statusMessage = words;
          response.end('first');
          response.statusCode = 500;
          response.statusMessage = 'Late';
        }),
      );
      expect(await send('/', { headers: VISITOR })).toEqual({ status: 200, body: 'first' });
      expect(sent?.statusMessage).toBe(words ?? 'OK');
    });

    it.each<[string, (response: Response) => unknown]>([
      ['write', (response) => response.write('second')],
      ['end', (response) => response.end('second')],
    ])('reports a late %s as Node does', async (_, call) => {
      const { client } = await rig(ON_GOOGLE);
      const errors: unknown[] = [];
      const app = answeredBy((response) => {
        response.on('error', (error) => errors.push(error));
        call(response);
      });
      const { send } = await serve(httpFunction(client, app as RequestListener));
      expect(await send('/', { headers: VISITOR })).toEqual({ status: 200, body: 'first' });
      await until(() => errors.length > 0);
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' })]);
    });

    it.each<[string, (response: Response) => unknown]>([
      ['setHeader', (response) => response.setHeader('x-late', '1')],
      ['appendHeader', (response) => response.appendHeader('x-late', '1')],
      ['removeHeader', (response) => response.removeHeader('content-type')],
      ['writeHead', (response) => response.writeHead(500)],
    ])('refuses other headers as Node does: %s', async (_, call) => {
      const { client } = await rig(ON_GOOGLE);
      const errors: unknown[] = [];
      const app = answeredBy((response) => {
        try {
          call(response);
        } catch (error) {
          errors.push(error);
        }
      });
      const { send } = await serve(httpFunction(client, app as RequestListener));
      expect(await send('/', { headers: VISITOR })).toEqual({ status: 200, body: 'first' });
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' })]);
    });
  });

  it('still passes through the middleware that sets headers at the last moment', async () => {
    const { client } = await rig(ON_GOOGLE);
    // As sessions and compression do.
    const { send } = await answering(client, (response) => {
      const { writeHead } = response;
      response.writeHead = (status: number) => writeHead.call(response, status + 1);
      response.end('bought');
    });
    expect(await send('/')).toEqual({ status: 201, body: 'bought' });
  });

  it('is destroyed if its last chunk is of a type that Node does not take', async () => {
    const { client } = await rig(ON_GOOGLE);
    const { send } = await answering(client, (response) => response.end(7));
    await expect(send('/')).rejects.toThrow();
  });

  it('ends, with a warning, if the events cannot be delivered in time', async () => {
    const { client, collector } = await rig(ON_GOOGLE);
    const told: string[] = [];
    const logger = { warn: (message: string) => void told.push(message) };
    const handler = ({ visitor }: IncomingMessage & WithVisitor, response: ServerResponse) =>
      response.end(buys(visitor, 'a'));
    const { send } = await serve(httpFunction(client, handler, { flushTimeoutMs: 0, logger }));
    collector.faults.next({ kind: 'hang' });
    expect((await send('/', { headers: VISITOR })).body).toBe('a');
    expect(told).toEqual([expect.stringContaining('before its events are delivered')]);
    collector.faults.clear();
  });
});

describe('the visitor’s address on Google Cloud', () => {
  it('is the one that the front end saw, though the Functions Framework trusts every header', async () => {
    const { client, collector } = await rig(ON_GOOGLE);
    const listener = frameworkOf(
      'address',
      httpFunction(client, ({ visitor }: Request & WithVisitor, response: Response) => {
        response.send(buys(visitor, 'a'));
      }),
    );
    const { send } = await serve(listener);
    const forwarded = { 'x-forwarded-for': '9.9.9.9, 203.0.113.7', 'x-forwarded-proto': 'https' };
    await send('/plans', { headers: { ...VISITOR, ...forwarded, 'x-forwarded-host': 'evil.example' } });
    expect(collector.events()).toMatchObject([
      {
        identityContext: { ip: '203.0.113.7' },
        defaultProperties: { current_url: 'https://shop.example/plans' },
      },
    ]);
  });

  it('is the connection’s on the developer’s machine', async () => {
    const { client, collector } = await rig(ON_GOOGLE);
    const listener = httpFunction(client, ({ visitor }: IncomingMessage & WithVisitor, response: ServerResponse) =>
      response.end(buys(visitor, 'a')),
    );
    await (await serve(createServer(listener).listeners('request')[0] as RequestListener)).send('/', {
      headers: VISITOR,
    });
    expect(collector.events()).toMatchObject([{ identityContext: { ip: '127.0.0.1' } }]);
  });
});

it('a function on Google Cloud reports a missing handler and an invalid timeout at set-up', async () => {
  const { client } = await rig();
  expect(() => httpFunction(client, undefined as never)).toThrow('handler must be a function; got nothing');
  expect(() => httpFunction(client, () => undefined, { flushTimeoutMs: -1 })).toThrow(/flushTimeoutMs/);
});
