import { Inject, Module, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { failOption, requireFunction } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import {
  type OursModuleAsyncOptions,
  type OursModuleOptions,
  type Registration,
  type ResolvedModuleOptions,
  resolveModuleOptions,
} from './nest-options.js';
import { createVisitorInstaller, type InstallVisitors, type NestHttpAdapter } from './nest-server.js';

/** A dynamic module of Nest. */
export interface OursDynamicModule {
  readonly module: typeof OursModule;
  readonly global: true;
  // biome-ignore lint/suspicious/noExplicitAny: Nest's types, which declarations must not import
  readonly imports: any[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly providers: any[];
  readonly exports: symbol[];
}

/** The client's token, for `inject: [OURS]`. */
export const OURS: unique symbol = Symbol.for('ours-ingest.nestjs.client');
const REGISTRATION = Symbol.for('ours-ingest.nestjs.registration');

/** One for each application. */
interface AdapterHost {
  readonly httpAdapter: NestHttpAdapter;
}

/** The applications that have the module. */
const applications = new WeakSet<AdapterHost>();

const ONCE =
  'Call OursModule.forRoot() or forRootAsync() once, in the root module. The module is global, so other modules do not import it.';

/**
 * Provides the client to the whole application, sets the visitor of every request, and delivers open events at the shutdown.
 * For Express and Fastify.
 *
 * The client that `forRoot` receives stays open after the shutdown, so that tests can create the application again. The client
 * that the factory of `forRootAsync` creates is closed.
 *
 * @example
 * imports: [OursModule.forRoot({ ours: createClient({ events }) })]
 * // in a controller or a resolver
 * buy(@CurrentVisitor() visitor: Visitor<typeof events>) { visitor.track('purchase', { value: 49.9 }); }
 */
export class OursModule {
  readonly #options: ResolvedModuleOptions;
  readonly #ownsClient: boolean;
  readonly #install: InstallVisitors;
  readonly #host: AdapterHost;

  static forRoot<Catalog extends EventCatalog>(options: OursModuleOptions<Catalog>): OursDynamicModule {
    // A factory, because Nest may serialize values to compare modules.
    return createModule([], [], () => ({ options: options as unknown as OursModuleOptions, ownsClient: false }));
  }

  static forRootAsync<Catalog extends EventCatalog>(options: OursModuleAsyncOptions<Catalog>): OursDynamicModule {
    const { imports = [], inject = [], useFactory } = options;
    requireFunction('useFactory', useFactory);
    return createModule(imports, inject, async (...dependencies) => ({
      options: (await useFactory(...dependencies)) as unknown as OursModuleOptions,
      ownsClient: true,
    }));
  }

  /**
   * Called by Nest.
   * @throws {OursError} `invalid_option`
   */
  constructor(registration: unknown, host: unknown) {
    if (registration === undefined) failOption(`OursModule is imported without options. ${ONCE}`);
    const { options, ownsClient } = registration as Registration;
    this.#host = host as AdapterHost;
    if (applications.has(this.#host)) failOption(`OursModule is registered twice. ${ONCE}`);
    this.#options = resolveModuleOptions(options);
    this.#install = createVisitorInstaller(this.#options.ours, this.#options.visitorOptions);
    this.#ownsClient = ownsClient;
    applications.add(this.#host);
  }

  /** Called by Nest when the HTTP server exists, before routes are added. */
  configure(): void {
    this.#install(this.#host.httpAdapter);
  }

  /** Called by Nest after the server's last request; global modules come last. */
  async onApplicationShutdown(): Promise<void> {
    const { ours, shutdownTimeoutMs: timeoutMs } = this.#options;
    await (this.#ownsClient ? ours.close({ timeoutMs }) : ours.flush({ timeoutMs }));
  }
}

function createModule(
  imports: unknown[],
  inject: unknown[],
  // biome-ignore lint/suspicious/noExplicitAny: the factory's arguments are the application's
  useFactory: (...dependencies: any[]) => Registration | Promise<Registration>,
): OursDynamicModule {
  return {
    module: OursModule,
    global: true,
    imports,
    providers: [
      { provide: REGISTRATION, inject, useFactory },
      { provide: OURS, inject: [REGISTRATION], useFactory: ({ options }: Registration) => options?.ours },
    ],
    exports: [OURS],
  };
}

// Decorators called as functions, because this package is compiled without them.
Module({})(OursModule);
Optional()(OursModule, undefined, 0);
Inject(REGISTRATION)(OursModule, undefined, 0);
Inject(HttpAdapterHost)(OursModule, undefined, 1);
