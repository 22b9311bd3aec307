import { failOption } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { type ExpressMiddleware, type ExpressRequest, visitorMiddleware } from './express.js';
import { type FastifyPlugin, type FastifyRequest, visitorPlugin } from './fastify.js';
import { type NodeHeaders, nodeHeader } from './request-facts.js';
import type { VisitorOptions } from './visitor-options.js';
import { createRequestScopes, type VisitorClient } from './visitor-scopes.js';

/** What the requests of Express and Fastify, and the request of a WebSocket, have in common. */
export interface NestRequest {
  readonly headers: NodeHeaders;
}

/** The part of Nest's HTTP adapter that the module uses. */
export interface NestHttpAdapter {
  getType(): string;
  getInstance(): unknown;
  getHttpServer(): unknown;
}

/** The request that opens a WebSocket. It goes past the middleware of Express. */
interface UpgradeRequest extends NestRequest {
  readonly socket: { readonly remoteAddress?: string | undefined };
}

type UpgradeListener = (request: UpgradeRequest) => void;

/** The part of Node's HTTP server that the module uses. */
interface HttpServer {
  listeners(event: 'upgrade'): unknown[];
  listenerCount(event: 'upgrade'): number;
  prependListener(event: 'upgrade', listener: UpgradeListener): unknown;
  removeListener(event: 'upgrade', listener: UpgradeListener): unknown;
  on(event: 'newListener' | 'removeListener', hear: (event: string | symbol, listener: unknown) => void): unknown;
}

/** Sets `visitor` on every request of a server. */
export type InstallVisitors = (adapter: NestHttpAdapter) => void;

/** @throws {OursError} `invalid_option` */
export function createVisitorInstaller<Catalog extends EventCatalog>(
  ours: VisitorClient<Catalog>,
  options: VisitorOptions<NestRequest>,
): InstallVisitors {
  const middleware = visitorMiddleware<Catalog, ExpressRequest>(ours, options);
  const plugin = visitorPlugin<Catalog, FastifyRequest>(ours, options);
  const openUpgrade = createRequestScopes<Catalog, UpgradeRequest>(ours, options, {
    read: ({ headers, socket: { remoteAddress } }) => ({
      // Behind a proxy this is the proxy's address, and the platform's own setting for proxies does not apply here.
      peerIp: () => (options.trustProxy === undefined ? undefined : remoteAddress),
      header: (name) => nodeHeader(headers, name),
    }),
    knowsPeer: true,
  });
  return (adapter) => {
    installOn(adapter, middleware, plugin);
    beforeUpgrades(adapter.getHttpServer() as HttpServer, (request) => {
      (request as { visitor?: unknown }).visitor = openUpgrade(request).visitor;
    });
  };
}

/**
 * Calls `listener` before the application's own listeners for upgrades, and only while there are any. Without one, Node answers a
 * request with an `Upgrade` header like any other (`curl --http2` sends it); with one, it leaves the answer to the listener.
 */
function beforeUpgrades(server: HttpServer, listener: UpgradeListener): void {
  const attach = (): void => {
    if (!server.listeners('upgrade').includes(listener)) server.prependListener('upgrade', listener);
  };
  if (server.listenerCount('upgrade') > 0) attach();
  server.on('newListener', (event, added) => {
    // Node reports this listener, too.
    if (event === 'upgrade' && added !== listener) attach();
  });
  server.on('removeListener', (event) => {
    if (event === 'upgrade' && server.listenerCount('upgrade') === 1) server.removeListener('upgrade', listener);
  });
}

function installOn(
  adapter: NestHttpAdapter,
  middleware: ExpressMiddleware<ExpressRequest>,
  plugin: FastifyPlugin<FastifyRequest>,
): void {
  const platform = adapter.getType();
  if (platform === 'express') {
    (adapter.getInstance() as { use(middleware: unknown): unknown }).use(middleware);
  } else if (platform === 'fastify') {
    (adapter.getInstance() as { register(plugin: unknown): unknown }).register(plugin);
  } else {
    failOption(
      `OursModule needs Express or Fastify; this application runs on '${platform}'. Install @nestjs/platform-express or @nestjs/platform-fastify.`,
    );
  }
}
