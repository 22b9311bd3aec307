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

/** Starts headless Chromium with a temporary profile. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** A visitor's browser: its own cookies, requests and errors. */
export interface Visit {
  readonly page: Page;
  /** All requested addresses. */
  readonly requests: readonly string[];
  /** Exceptions, failed requests and policy violations of the pages. */
  readonly errors: readonly string[];
}

/** Opens a new context with the light colour scheme. */
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

/** The addresses on other machines. */
export function elsewhere(addresses: readonly string[]): string[] {
  return addresses.filter((address) => {
    const { protocol, hostname } = new URL(address);
    return protocol !== 'data:' && protocol !== 'blob:' && hostname !== '127.0.0.1';
  });
}

/** Saves a full-page screenshot as `artifacts/screenshots/<name>.png`. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}

/** The page's violations of WCAG A and AA that axe finds, one line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Evaluated instead of added as a script tag, which the page's policy would have to allow.
  await page.evaluate(axe.source);
  const found = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })`,
  );
  return found.violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id}: ${help} at ${target}`));
}
