import { randomUUID } from 'node:crypto';
import express, { type Express } from 'express';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { BROWSER_SDK_FILE } from '../../examples/express-stripe/browser-sdk.js';
import { listen } from '../../examples/simulation/listen.js';
import { visitorMiddleware } from '../../src/adapters/express.js';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { purchaseId } from '../../src/commerce/index.js';
import type { Client, Visitor } from '../../src/index.js';
import { toSid } from '../../src/protocol/identity.js';
import { openVisitor } from '../../src/webhooks/token/open-visitor.js';
import { sealVisitor } from '../../src/webhooks/token/seal-visitor.js';
import { bundleForBrowsers } from '../support/bundle.js';
import { rig, type TestTime, until } from '../support/client.js';
import { keyOf } from '../support/keys.js';

const KEY = keyOf(7);
const COMMERCE = new URL('../../src/commerce/index.ts', import.meta.url);

/** A shop with two processes, the service and a browser, with a shared clock. */
export interface SessionWorld {
  readonly collector: Collector;
  readonly context: BrowserContext;
  /** Opens a page of a process in a tab; resolves when the browser SDK has sent its session to the service. */
  open(tab: Page, process: 'one' | 'two', path: string): Promise<void>;
  /** Advances all clocks. */
  pass(ms: number): Promise<void>;
  /** Pays from the page in a tab. Resolves to the token in the payment. */
  pay(tab: Page): Promise<string>;
  /** The payment provider redirects the browser to the thank-you page, which reports the purchase. */
  thank(tab: Page, paymentId: string): Promise<void>;
  /** The payment provider sends its webhook to the other process. */
  report(token: string, paymentId?: string): Promise<void>;
  /** The session in the browser's cookies. */
  sid(): Promise<string | undefined>;
}

export interface WorldOptions {
  /** The start in milliseconds since the epoch. */
  readonly startsAt: number;
  /** How far the browser's clock is ahead. */
  readonly browserAheadMs?: number;
}

export async function createSessionWorld(
  browser: Browser,
  { startsAt, browserAheadMs = 0 }: WorldOptions,
): Promise<SessionWorld> {
  const times: TestTime[] = [];
  let aheadMs = startsAt - Date.now();
  const now = (): number => Date.now() + aheadMs;
  const collector = await createCollector({
    now,
    experiments: [{ key: 'hero', variants: [{ name: 'classic' }, { name: 'bold' }], primary: 'purchase' }],
  });
  const startClient = async (): Promise<Client> => {
    const { client, time } = await rig({ collector, assignTimeoutMs: 60_000 });
    time.aheadMs = aheadMs;
    times.push(time);
    return client;
  };
  const startProcess = async (): Promise<string> => {
    const listening = await listen(createShop(await startClient(), collector.url, now));
    onTestFinished(() => listening.close());
    return listening.url;
  };
  const webhooks = await startClient();
  const processes = { one: await startProcess(), two: await startProcess() };

  const context = await browser.newContext();
  onTestFinished(() => context.close());
  await context.clock.install({ time: now() + browserAheadMs });

  const sid = async (): Promise<string | undefined> => {
    const data = (await context.cookies()).find(({ name }) => name === '_cord_sdk_data');
    return data && toSid(JSON.parse(decodeURIComponent(data.value)).sid);
  };

  return {
    collector,
    context,
    sid,
    async open(tab, process, path) {
      const heardBefore = collector.events().length;
      await tab.goto(processes[process] + path, { waitUntil: 'commit' });
      await tab.locator('body[data-ready]').waitFor({ state: 'attached' });
      const current = await sid();
      await until(() =>
        collector
          .events()
          .slice(heardBefore)
          .some(({ byBrowser, defaultProperties }) => byBrowser && toSid(defaultProperties?.sid) === current),
      );
    },
    async pass(ms) {
      aheadMs += ms;
      for (const time of times) {
        time.aheadMs = aheadMs;
        time.skip(ms);
      }
      await context.clock.setSystemTime(now() + browserAheadMs);
    },
    pay: (tab) => tab.evaluate<string>(`fetch('/buy', { method: 'POST' }).then((answer) => answer.text())`),
    async thank(tab, paymentId) {
      const reported = tab.waitForResponse((answer) => answer.request().postData()?.includes(paymentId) ?? false);
      await tab.goto(`${processes.one}/thank-you?payment=${paymentId}`, { waitUntil: 'commit' });
      await reported;
    },
    async report(token, paymentId = randomUUID()) {
      const { visitor } = await openVisitor(token, [KEY]);
      if (visitor === null) throw new Error('the payment knows no visitor');
      webhooks.track({ event: 'purchase', ...visitor, distinctId: purchaseId(paymentId) });
      await webhooks.flush();
    },
  };
}

/** A page that assigns its visitor, one that also reports it, and one that creates the visitor. */
function createShop(ours: Client, oursUrl: string, now: () => number): Express {
  const app = express();
  app.get('/ours.mjs', (_, response) => response.sendFile(BROWSER_SDK_FILE));
  app.get('/commerce.mjs', async (_, response) => void response.type('js').send(await bundleForBrowsers(COMMERCE)));
  // One test sets the session by a link.
  app.use(visitorMiddleware(ours, { now, identityFromLinks: 'always' }));

  const show = async (visitor: Visitor, isNew = false): Promise<string> => {
    if (visitor.userId !== undefined) await visitor.assign('hero');
    // The response waits until the service has this page's events, so that tests need not.
    await ours.flush();
    return page(oursUrl, visitor.userId === undefined && !isNew);
  };
  app.get('/assign', async ({ visitor }, response) => response.send(await show(visitor)));
  app.get('/view-and-assign', async ({ visitor }, response) => {
    if (visitor.userId !== undefined) visitor.track('page_viewed', { page: 'home' });
    response.send(await show(visitor));
  });
  app.get('/made-by-server', async (_, response) => {
    const userId = randomUUID();
    response.cookie('ours_device_id', userId, { maxAge: 365 * 86_400_000, path: '/' });
    response.send(await show(ours.visitor({ userId }), true));
  });
  app.post('/buy', async ({ visitor }, response) => void response.send(await sealVisitor(visitor, [KEY])));
  app.get('/thank-you', (_, response) => void response.send(thankYou(oursUrl)));
  return app;
}

/** As in docs/one-purchase.md. */
function thankYou(oursUrl: string): string {
  return `<!doctype html><title>Thank you</title><body><script type="module">
  import ours from '/ours.mjs';
  import { purchaseId } from '/commerce.mjs';
  ours.init('test_shop', { custom_domain: ${JSON.stringify(oursUrl)} });
  const payment = { id: new URLSearchParams(location.search).get('payment') };
  const orderProperties = { order_id: payment.id, value: '49.90', currency: 'EUR' };
  ours.track('purchase', { ...orderProperties, $distinct_id: purchaseId(payment) });
</script>`;
}

/** Reloads once in a browser that has just got its visitor, like the example shop. */
function page(oursUrl: string, isUnknown: boolean): string {
  return `<!doctype html><title>Shop</title><body><script type="module">
  import ours from '/ours.mjs';
  ours.init('test_shop', { custom_domain: ${JSON.stringify(oursUrl)} });
  ours.getVisitorId();
  ours.getSessionId();
  ${isUnknown ? 'location.reload();' : "document.body.dataset.ready = 'true';"}
</script>`;
}
