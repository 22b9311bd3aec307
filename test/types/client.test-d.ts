import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type Assignment,
  type Client,
  type ClientOptions,
  createClient,
  createMemoryOutbox,
  type DropReason,
  type EventCatalog,
  type FetchLike,
  type ForgottenPerson,
  isOursError,
  type Logger,
  type NotAssigned,
  type OursError,
  type OursErrorCode,
  type Outcome,
  type Receipt,
  type RejectionCode,
  type Totals,
  type UnknownReason,
  type Visitor,
} from '../../src/index.js';

const client = createClient({ token: 'test_token' });
const visitor = client.visitor({ userId: 'v' });

describe('a logger', () => {
  it('may be the console', () => {
    expectTypeOf<typeof console>().toExtend<Logger>();
  });

  it('may be one of pino’s shape, whose methods are overloaded and take an object first', () => {
    interface LogFn {
      <T extends object>(obj: T, msg?: string, ...args: unknown[]): void;
      (msg: string, ...args: unknown[]): void;
    }
    interface PinoLike {
      readonly level: string;
      readonly info: LogFn;
      readonly warn: LogFn;
    }
    expectTypeOf<PinoLike>().toExtend<Logger>();
  });

  it('may be one of winston’s shape, whose methods return the logger', () => {
    interface LeveledLogMethod {
      // biome-ignore lint/suspicious/noExplicitAny: as winston declares it
      (message: string, callback: (error?: any, level?: string, message?: string) => void): WinstonLike;
      // biome-ignore lint/suspicious/noExplicitAny: as winston declares it
      (message: string, ...meta: any[]): WinstonLike;
      // biome-ignore lint/suspicious/noExplicitAny: as winston declares it
      (infoObject: object): any;
    }
    interface WinstonLike {
      readonly level: string;
      readonly warn: LeveledLogMethod;
    }
    expectTypeOf<WinstonLike>().toExtend<Logger>();
  });

  it('may not be one that cannot warn', () => {
    // @ts-expect-error no warn
    createClient({ token: 'test_token', logger: { info: () => undefined } });
  });
});

describe('an assignment', () => {
  it('has a variant only inside the experiment', () => {
    const assignment = {} as Assignment;
    expectTypeOf(assignment.variantName).toEqualTypeOf<string | undefined>();
    if (assignment.inExperiment) {
      expectTypeOf(assignment.variantName).toEqualTypeOf<string>();
      expectTypeOf(assignment.isControl).toEqualTypeOf<boolean | undefined>();
      expectTypeOf(assignment.reason).toEqualTypeOf<'assigned' | 'forced' | 'sticky'>();
    } else {
      expectTypeOf(assignment).toEqualTypeOf<NotAssigned>();
      expectTypeOf(assignment.variantName).toEqualTypeOf<undefined>();
      expectTypeOf(assignment.reason).toEqualTypeOf<'not_assigned' | 'no_visitor' | 'fallback'>();
      // @ts-expect-error who is not in the experiment is no control
      assignment.isControl;
    }
  });

  it('may be taken apart at once', async () => {
    const { inExperiment, variantName } = await visitor.assign('checkout_redesign');
    expectTypeOf(variantName).toEqualTypeOf<string | undefined>();
    if (inExperiment) expectTypeOf(variantName).toEqualTypeOf<string>();
  });

  it('is narrowed by its variant too', async () => {
    const assignment = await client.assign('checkout_redesign', { userId: 'v' });
    if (assignment.variantName !== undefined) expectTypeOf(assignment.inExperiment).toEqualTypeOf<true>();
  });

  it('takes a visitor who may not be known yet, but not none at all', () => {
    client.assign('checkout_redesign', { userId: undefined });
    // @ts-expect-error nobody is named
    client.assign('checkout_redesign', {});
    // @ts-expect-error the visitor is known already
    visitor.assign('checkout_redesign', { userId: 'v' });
  });
});

describe('forgetting a person', () => {
  it('takes any of the names, and tells how much there was', async () => {
    const forgotten = await client.forget({ userId: 'v', email: 'ada@example.org' }, { dryRun: true });
    expectTypeOf(forgotten).toEqualTypeOf<ForgottenPerson>();
    expectTypeOf(forgotten.exposures).toEqualTypeOf<number>();
    // @ts-expect-error the field is userId
    client.forget({ user_id: 'v' });
  });
});

describe('an outcome', () => {
  it('is told apart by its status', () => {
    const outcome = {} as Outcome;
    switch (outcome.status) {
      case 'delivered':
        // @ts-expect-error what was delivered has no reason
        outcome.reason;
        break;
      case 'rejected':
        expectTypeOf(outcome.code).toEqualTypeOf<RejectionCode>();
        expectTypeOf(outcome.message).toEqualTypeOf<string>();
        break;
      case 'dropped':
        expectTypeOf(outcome.reason).toEqualTypeOf<DropReason>();
        break;
      case 'unknown':
        expectTypeOf(outcome.reason).toEqualTypeOf<UnknownReason>();
        break;
      default:
        expectTypeOf(outcome).toEqualTypeOf<never>();
    }
  });

  it('may hold each code of a refusal and of the service', () => {
    expectTypeOf<'no_identity' | 'event_too_large' | 'invalid_event' | 'http_error'>().toExtend<RejectionCode>();
    // @ts-expect-error no code of ours
    const code: RejectionCode = 'whatever';
    void code;
  });
});

describe('what is returned', () => {
  it('is a receipt from track and identify, at once', () => {
    expectTypeOf(client.track).returns.toEqualTypeOf<Receipt>();
    expectTypeOf(client.identify).returns.toEqualTypeOf<Receipt>();
    expectTypeOf(visitor.track).returns.toEqualTypeOf<Receipt>();
    expectTypeOf<Receipt['settled']>().returns.resolves.toEqualTypeOf<Outcome>();
    expectTypeOf<Receipt['stored']>().returns.resolves.toEqualTypeOf<void>();
  });

  it('is the totals from flush and close', () => {
    expectTypeOf(client.flush).returns.resolves.toEqualTypeOf<Totals>();
    expectTypeOf(client.close).returns.resolves.toEqualTypeOf<Totals>();
  });

  it('cannot be changed', () => {
    const totals = {} as Totals;
    // @ts-expect-error read-only
    totals.delivered = 1;
  });

  it('is an error of ours once it is recognised', () => {
    const error: unknown = new Error();
    if (isOursError(error)) {
      expectTypeOf(error).toEqualTypeOf<OursError>();
      expectTypeOf(error.code).toEqualTypeOf<OursErrorCode>();
    }
  });
});

describe('a client', () => {
  it('with a catalogue or without fits where a client of any catalogue is asked for', () => {
    const typed = createClient({ token: 'test_token', events: { purchase: z.object({ value: z.number() }) } });
    const take = <Catalog extends EventCatalog>(one: Client<Catalog>): Visitor<Catalog> => one.visitor({});
    expectTypeOf(client).toExtend<Client>();
    expectTypeOf(take(client)).toEqualTypeOf<Visitor>();
    expectTypeOf(take(typed)).toEqualTypeOf(typed.visitor({}));
  });

  it('may be made of nothing, for the environment fills what is left out', () => {
    expectTypeOf(createClient).toBeCallableWith();
    expectTypeOf(createClient).toBeCallableWith({});
  });

  it('takes the fetch of the platform', () => {
    expectTypeOf<typeof globalThis.fetch>().toExtend<FetchLike>();
  });

  it('takes no option it does not know', () => {
    // @ts-expect-error misspelt
    createClient({ token: 'test_token', flushInterval: 1000 });
    // @ts-expect-error a number as a text
    createClient({ token: 'test_token', flushAt: '100' });
    // @ts-expect-error one of two
    createClient({ token: 'test_token', whenFull: 'block' });
    // @ts-expect-error beforeSend is synchronous
    createClient({ token: 'test_token', beforeSend: async (event) => event });
  });

  it('closes by itself at the end of its block', () => {
    expectTypeOf(client).toExtend<AsyncDisposable>();
  });
});

describe('under exactOptionalPropertyTypes undefined may be passed for whatever may be left out:', () => {
  const text = undefined as string | undefined;
  const count = undefined as number | undefined;
  const signal = undefined as AbortSignal | undefined;

  it('options', () => {
    const nothing: { [Name in keyof ClientOptions]-?: undefined } = {
      token: undefined,
      testToken: undefined,
      experimentToken: undefined,
      baseUrl: undefined,
      events: undefined,
      experiments: undefined,
      outbox: undefined,
      flushAt: undefined,
      flushIntervalMs: undefined,
      maxBatchBytes: undefined,
      maxQueueSize: undefined,
      maxQueueBytes: undefined,
      whenFull: undefined,
      maxRetries: undefined,
      concurrency: undefined,
      requestTimeoutMs: undefined,
      assignTimeoutMs: undefined,
      exposures: undefined,
      exposuresTimeoutMs: undefined,
      relay: undefined,
      logger: undefined,
      onOutcome: undefined,
      beforeSend: undefined,
      waitUntil: undefined,
      fetch: undefined,
      debug: undefined,
      guard: undefined,
      disabled: undefined,
    };
    expectTypeOf(nothing).toExtend<ClientOptions>();
    createMemoryOutbox({ maxQueueSize: count, maxQueueBytes: count, whenFull: undefined, monotonic: undefined });
  });

  it('fields of the page, which have the types of the service’s schema', () => {
    const page = { screen_width: 390, iframe: false, is_bot: false, gclid: 'G', sessionCount: undefined, own: 1 };
    client.track({ event: 'purchase', userId: text, defaultProperties: page });
    // @ts-expect-error a number
    client.track({ event: 'purchase', userId: text, defaultProperties: { screen_width: '390' } });
    // @ts-expect-error a boolean
    client.visitor({ userId: text, defaultProperties: { iframe: 'false' } });
    client.identify({ userId: text, userProperties: { consent: null, viant_click_id: 'V' } });
    // @ts-expect-error values of consent become strings
    client.identify({ userId: text, userProperties: { consent: { ads: {} } } });
  });

  it('fields of events, people and visitors', () => {
    client.track({
      event: 'purchase',
      userId: text,
      externalId: text,
      email: text,
      sessionId: text,
      distinctId: text,
      time: undefined,
      eventProperties: undefined,
      userProperties: undefined,
      defaultProperties: undefined,
      identityContext: undefined,
    });
    client.identify({ userId: text, email: text, userProperties: { city: text, consent: undefined, zip: undefined } });
    client.visitor({
      userId: text,
      externalId: text,
      email: text,
      sessionId: text,
      ip: text,
      userAgent: text,
      url: text,
      defaultProperties: undefined,
    });
    visitor.track('purchase', undefined, { distinctId: text, time: undefined, userId: text });
  });

  it('waits and questions', () => {
    client.flush({ timeoutMs: count, signal });
    client.close({ timeoutMs: count, signal });
    const receipt = client.track({ event: 'purchase', userId: 'v' });
    receipt.settled({ signal, timeoutMs: count });
    receipt.stored({ signal, timeoutMs: count });
    visitor.assign('checkout_redesign', { url: text, search: text, sessionId: text, record: undefined, signal });
    visitor.assign('checkout_redesign', { forceVariant: text, timeoutMs: count });
    visitor.personalization({ timeoutMs: count, signal });
  });
});
