import type { Client } from '../client/types.js';
import { failOption, requireFunction } from '../core/check-option.js';
import { typeName } from '../core/refusal.js';
import type { EventCatalog } from '../protocol/catalog.js';
import type { NestRequest } from './nest-server.js';
import type { VisitorOptions } from './visitor-options.js';

/** The part of the client that the module needs. */
export type NestClient<Catalog extends EventCatalog> = Pick<Client<Catalog>, 'visitor' | 'flush' | 'close'>;

/** The module's options. `consent` receives the platform's request; for a WebSocket, the request that opens it. */
export interface OursModuleOptions<Catalog extends EventCatalog = EventCatalog> extends VisitorOptions<NestRequest> {
  /** The client, from `createClient()`. */
  readonly ours: NestClient<Catalog>;
  /** How long a shutdown waits for the delivery of open events, in milliseconds. @default 5000 */
  readonly shutdownTimeoutMs?: number | undefined;
}

/** How the options are created with other providers. */
export interface OursModuleAsyncOptions<Catalog extends EventCatalog = EventCatalog> {
  /** Modules that export what is injected. Global modules need not be listed. @default none */
  // biome-ignore lint/suspicious/noExplicitAny: Nest's types, which declarations must not import
  readonly imports?: any[] | undefined;
  /** The tokens of the factory's arguments. @default none */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly inject?: any[] | undefined;
  /** Creates the options, and with them the client of this application, which is closed at its shutdown. */
  readonly useFactory: (
    // biome-ignore lint/suspicious/noExplicitAny: as above
    ...dependencies: any[]
  ) => OursModuleOptions<Catalog> | Promise<OursModuleOptions<Catalog>>;
}

/** The options of an application, and whether its client was created for it alone. */
export interface Registration {
  readonly options: OursModuleOptions | undefined;
  readonly ownsClient: boolean;
}

export interface ResolvedModuleOptions {
  readonly ours: NestClient<EventCatalog>;
  readonly shutdownTimeoutMs: number;
  readonly visitorOptions: VisitorOptions<NestRequest>;
}

/**
 * Finds mistakes that the adapters cannot name.
 * @throws {OursError} `invalid_option`
 */
export function resolveModuleOptions(options: OursModuleOptions | undefined): ResolvedModuleOptions {
  const { ours, shutdownTimeoutMs = 5_000, ...visitorOptions } = options ?? ({} as OursModuleOptions);
  if (typeof ours?.visitor !== 'function') {
    failOption(
      `ours must be the client that createClient() returns, as in OursModule.forRoot({ ours }); got ${typeName(ours)}.`,
    );
  }
  requireFunction('ours.flush', ours.flush);
  requireFunction('ours.close', ours.close);
  if (!Number.isInteger(shutdownTimeoutMs) || shutdownTimeoutMs < 0) {
    failOption(`shutdownTimeoutMs must be a non-negative integer; got ${typeName(shutdownTimeoutMs)}.`);
  }
  return { ours, shutdownTimeoutMs, visitorOptions };
}
