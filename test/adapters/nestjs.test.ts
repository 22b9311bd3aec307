import { All, Controller, HttpCode, type INestApplication, Injectable, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CurrentVisitor, currentVisitor, InjectOurs, OURS, OursModule } from '../../src/adapters/nestjs.js';
import { type Client, isOursError, type Visitor } from '../../src/index.js';
import { createRecordingClient } from '../../src/testing/index.js';
import { arrived, rig } from '../support/client.js';
import { decorate, decorateConstructor } from '../support/nest.js';
import { type AdapterSetup, type App, describeAdapter, type Handle } from './contract.js';
import { MAX_HEADER_BYTES, reach, serve } from './servers.js';

const platforms = {
  Express: { create: () => new ExpressAdapter(), paths: ['/', '*path'] },
  Fastify: { create: () => new FastifyAdapter({ http: { maxHeaderSize: MAX_HEADER_BYTES } } as object), paths: ['*'] },
};
type Platform = keyof typeof platforms;

/** A controller with a single route, which gets the visitor as an argument. */
function controllerOf(handle: Handle, platform: Platform): Type {
  class Shop {
    async answer(visitor: Visitor): Promise<string> {
      return JSON.stringify(await handle(visitor));
    }
  }
  decorate(Shop, 'answer', [All(platforms[platform].paths), HttpCode(200)], [CurrentVisitor()]);
  Controller()(Shop);
  return Shop;
}

async function createApp(
  platform: Platform,
  imports: readonly unknown[],
  controllers: readonly Type[] = [],
): Promise<INestApplication> {
  const testing = await Test.createTestingModule({
    imports: imports as never,
    controllers: [...controllers],
  }).compile();
  const app = testing.createNestApplication<INestApplication>(platforms[platform].create() as never, { logger: false });
  onTestFinished(() => app.close());
  return app;
}

/** Express gets a server with room for the contract's cookies. */
async function start(platform: Platform, app: INestApplication): Promise<App> {
  if (platform === 'Express') return serve((await app.init()).getHttpAdapter().getInstance());
  await app.listen(0, '127.0.0.1');
  return reach(app.getHttpServer());
}

for (const platform of Object.keys(platforms) as Platform[]) {
  const create = async ({ ours, options, handle }: AdapterSetup): Promise<App> => {
    const imports = [OursModule.forRoot({ ours, ...options })];
    return start(platform, await createApp(platform, imports, [controllerOf(handle, platform)]));
  };
  describeAdapter(`Nest on ${platform}`, { create, currentVisitor, knowsPeer: true, origin: 'http://shop.example' });

  it(`currentVisitor() is the visitor in guards and providers, and on unknown paths, of Nest on ${platform}`, async () => {
    const { client } = await rig();
    const seen: (string | undefined)[] = [];
    class Guard {
      canActivate(): boolean {
        seen.push(currentVisitor()?.userId);
        return true;
      }
    }
    const imports = [OursModule.forRoot({ ours: client })];
    const app = await createApp(platform, imports, [controllerOf(() => currentVisitor()?.userId, platform)]);
    app.useGlobalGuards(new Guard());
    const { send } = await start(platform, app);
    expect((await send('/', { headers: { cookie: 'ours_device_id=v' } })).body).toBe('"v"');
    expect(seen).toEqual(['v']);
  });
}

describe('the client in a Nest application', () => {
  it('is injected by the decorator and by its token, in every module', async () => {
    class Orders {
      readonly ours: Client;
      constructor(ours: Client) {
        this.ours = ours;
      }
    }
    Injectable()(Orders);
    decorateConstructor(Orders, [InjectOurs()]);
    const later = { provide: 'later', inject: [OURS], useFactory: (ours: Client) => [ours] };
    class Shop {}
    Module({ providers: [Orders, later], exports: [Orders, 'later'] })(Shop);
    const ours = createRecordingClient();
    const app = await createApp('Express', [Shop, OursModule.forRoot({ ours })]);
    expect(app.get(Orders).ours).toBe(ours);
    expect(app.get('later')).toEqual([ours]);
  });

  it('is created by a factory from the application’s other providers', async () => {
    class Config {
      readonly userId = 'v';
    }
    class ConfigModule {}
    Module({ providers: [Config], exports: [Config] })(ConfigModule);
    const ours = createRecordingClient();
    const options = {
      imports: [ConfigModule],
      inject: [Config],
      useFactory: async ({ userId }: Config) => ({ ours, consent: () => userId === 'v' }),
    };
    const app = await createApp(
      'Express',
      [OursModule.forRootAsync(options)],
      [controllerOf(({ userId }) => userId, 'Express')],
    );
    expect(app.get(OURS)).toBe(ours);
    const { send } = await start('Express', app);
    expect((await send('/', { headers: { cookie: 'ours_device_id=v' } })).body).toBe('"v"');
  });

  it('can be replaced in a test', async () => {
    const double = createRecordingClient();
    const testing = await Test.createTestingModule({ imports: [OursModule.forRoot({ ours: createRecordingClient() })] })
      .overrideProvider(OURS)
      .useValue(double)
      .compile();
    expect(testing.get(OURS)).toBe(double);
  });

  it('needs no HTTP server', async () => {
    const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
    class Root {}
    Module({ imports: [OursModule.forRoot({ ours: client })] })(Root);
    const context = await NestFactory.createApplicationContext(Root, { logger: false });
    context.get<Client>(OURS).track({ event: 'purchase', userId: 'v', distinctId: 'a' });
    await context.close();
    expect(arrived(collector)).toEqual(['a']);
  });
});

describe('the shutdown of a Nest application', () => {
  const buys: Handle = (visitor) => visitor.track('purchase', {}, { distinctId: 'a' }).distinctId;
  const request = { headers: { cookie: 'ours_device_id=v' } };

  it.each(['Express', 'Fastify'] as const)('delivers the events of the last requests, on %s', async (platform) => {
    const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
    const app = await createApp(platform, [OursModule.forRoot({ ours: client })], [controllerOf(buys, platform)]);
    await app.listen(0, '127.0.0.1');
    await fetch(await app.getUrl(), request);
    expect(arrived(collector)).toEqual([]);
    await app.close();
    expect(arrived(collector)).toEqual(['a']);
  });

  it('delivers what other modules track when they are shut down', async () => {
    const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
    class Late {
      onApplicationShutdown(): void {
        client.track({ event: 'purchase', userId: 'v', distinctId: 'late' });
      }
    }
    class Shop {}
    Module({ providers: [Late] })(Shop);
    const app = await createApp('Express', [OursModule.forRootAsync({ useFactory: () => ({ ours: client }) }), Shop]);
    await app.init();
    await app.close();
    expect(arrived(collector)).toEqual(['late']);
  });

  it('leaves a client open that was passed to forRoot, and closes one that the factory created', async () => {
    const { client } = await rig();
    const track = (): unknown => client.track({ event: 'purchase', userId: 'v' }).settled();
    const shared = OursModule.forRoot({ ours: client });
    for (let tests = 0; tests < 2; tests += 1) {
      const app = await createApp('Express', [shared]);
      await (await app.init()).close();
      expect(await track()).toMatchObject({ status: 'delivered' });
    }
    const own = await createApp('Express', [OursModule.forRootAsync({ useFactory: () => ({ ours: client }) })]);
    await (await own.init()).close();
    expect(await track()).toEqual({ status: 'dropped', reason: 'closed' });
  });

  it('waits no longer than the limit', async () => {
    const limits: unknown[] = [];
    const recording = createRecordingClient();
    const limited = (name: string) => async (options: unknown) => {
      limits.push([name, options]);
      return recording.flush();
    };
    const ours = { ...recording, flush: limited('flush'), close: limited('close') };
    for (const module of [
      OursModule.forRoot({ ours, shutdownTimeoutMs: 100 }),
      OursModule.forRootAsync({ useFactory: () => ({ ours }) }),
    ]) {
      const app = await createApp('Express', [module]);
      await (await app.init()).close();
    }
    expect(limits).toEqual([
      ['flush', { timeoutMs: 100 }],
      ['close', { timeoutMs: 5_000 }],
    ]);
  });
});

describe('a mistake in the set-up of a Nest application', () => {
  const ours = createRecordingClient();
  const forRoot = () => OursModule.forRoot({ ours });

  async function problemOf(imports: readonly unknown[]): Promise<string> {
    const error = await createApp('Express', imports).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!isOursError(error)) throw new Error(`no error of ours: ${String(error)}`);
    return `${error.code}: ${error.message}`;
  }

  it.each<[string, () => unknown]>([
    ['forRoot', forRoot],
    ['forRootAsync', () => OursModule.forRootAsync({ useFactory: () => ({ ours }) })],
  ])('is a second registration, by %s in another module', async (_, second) => {
    class Shop {}
    Module({ imports: [second() as never] })(Shop);
    expect(await problemOf([forRoot(), Shop])).toBe(
      'invalid_option: OursModule is registered twice. Call OursModule.forRoot() or forRootAsync() once, in the root module. The module is global, so other modules do not import it.',
    );
  });

  it('is not the same registration in two modules, or in two applications', async () => {
    const registration = forRoot();
    class Shop {}
    Module({ imports: [registration as never] })(Shop);
    for (let apps = 0; apps < 2; apps += 1)
      expect((await createApp('Express', [registration, Shop])).get(OURS)).toBe(ours);
  });

  it.each<[string, unknown, string]>([
    ['an import without options', OursModule, 'OursModule is imported without options. Call OursModule.forRoot()'],
    [
      'a missing client',
      OursModule.forRoot({} as never),
      'ours must be the client that createClient() returns, as in OursModule.forRoot({ ours }); got nothing.',
    ],
    ['missing options', OursModule.forRoot(undefined as never), 'ours must be the client'],
    [
      'a client that cannot close',
      OursModule.forRoot({ ours: { ...ours, close: 1 } as never }),
      'ours.close must be a function; got a number',
    ],
    [
      'a limit that is no number',
      OursModule.forRoot({ ours, shutdownTimeoutMs: -1 }),
      'shutdownTimeoutMs must be a non-negative integer',
    ],
    [
      'a factory without a client',
      OursModule.forRootAsync({ useFactory: () => ({}) as never }),
      'ours must be the client',
    ],
  ])('is %s', async (_, module, message) => {
    expect(await problemOf([module])).toContain(`invalid_option: ${message}`);
  });

  it('is a missing factory', () => {
    expect(() => OursModule.forRootAsync({} as never)).toThrow('useFactory must be a function; got nothing');
  });

  it('is another platform, and the message names the packages to install', async () => {
    const adapter = new ExpressAdapter();
    adapter.getType = () => 'other';
    const testing = await Test.createTestingModule({ imports: [forRoot()] }).compile();
    await expect(testing.createNestApplication(adapter, { logger: false }).init()).rejects.toThrow(
      "OursModule needs Express or Fastify; this application runs on 'other'. Install @nestjs/platform-express or @nestjs/platform-fastify.",
    );
  });
});
