import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const SCREENSHOTS = fileURLToPath(new URL('../../artifacts/screenshots/', import.meta.url));

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Where Chromium is: `CHROMIUM_PATH`, or where Debian puts it. Without one, `undefined` after saying what is not tested.
 *
 * @throws Error without one under `CI`, where nothing may be left out.
 */
export function findChromium(skipped: string): string | undefined {
  const path = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  if (existsSync(path)) return path;
  const message = `NOT TESTED: ${skipped}. There is no browser at ${path}: apt-get install chromium, or set CHROMIUM_PATH.`;
  if (process.env.CI) throw new Error(message);
  console.warn(message);
  return undefined;
}

/** Starts Chromium without a window and with a profile of its own, which is gone when it is closed. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** A visitor's browser: its own cookies, and a record of what went on in it. */
export interface Visit {
  readonly page: Page;
  /** Every address that was asked for, by whatever page. */
  readonly requests: readonly string[];
  /** What pages complained of: exceptions, refused requests, what their policies forbid. */
  readonly errors: readonly string[];
}

/** Opens a window without a past; pages look as they do by day. */
export async function openVisit(browser: Browser): Promise<Visit> {
  const context = await browser.newContext({ colorScheme: 'light', reducedMotion: 'reduce' });
  const requests: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => requests.push(socket.url())));
  context.on('weberror', (error) => errors.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  return { page: await context.newPage(), requests, errors };
}

/** Those of `addresses` that are not on this machine. */
export function elsewhere(addresses: readonly string[]): string[] {
  return addresses.filter((address) => {
    const { protocol, hostname } = new URL(address);
    return protocol !== 'data:' && protocol !== 'blob:' && hostname !== '127.0.0.1';
  });
}

/** Keeps what the whole page looks like as `artifacts/screenshots/<name>.png`. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}

/** What axe finds against WCAG A and AA on the page, one line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Evaluated and not added as a script tag, so that the page's own policy need not allow it.
  await page.evaluate(axe.source);
  const found = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })`,
  );
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id}: ${help} at ${target}`));
}
