import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { BROWSER_SDK_FILE } from '../../examples/express-stripe/browser-sdk.js';
import { createCollector } from '../../src/collector/index.js';
import { findChromium, launchBrowser, openVisit } from './browser.js';

const chromium = findChromium('the option experimentation of the official browser SDK');

it.skipIf(chromium === undefined)(
  'the browser SDK starts the script with its visitor, who is assigned as on the server',
  { timeout: 300_000 },
  async () => {
    const collector = await createCollector({
      experiments: [{ key: 'hero', variants: [{ name: 'C' }, { name: 'T' }], primary: 'purchase' }],
    });
    onTestFinished(() => collector.close());
    const sdk = await readFile(BROWSER_SDK_FILE, 'utf8');
    const options = { custom_domain: collector.url, experimentation: { token: 'exp_shop' } };
    const html = `<!doctype html><script type="module">
import ours from '/ours.mjs';
ours.init('shop', ${JSON.stringify(options)});
</script>`;
    const site = createServer((request, response) => {
      const isSdk = request.url === '/ours.mjs';
      response.setHeader('content-type', isSdk ? 'text/javascript' : 'text/html').end(isSdk ? sdk : html);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      site.closeAllConnections();
      site.close();
    });
    const browser = await launchBrowser(chromium!);
    onTestFinished(() => browser.close());
    const { page, errors } = await openVisit(browser);

    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.waitForFunction('window.ours_experiments !== undefined');
    const assigned = await page.evaluate('ours_experiments.ready');
    const cookies = await page.context().cookies();
    const visitor = cookies.find(({ name }) => name === 'ours_device_id')!.value;

    const impression = collector.events().find(({ event }) => event === '$experiment_impression');
    expect(impression?.userId).toBe(visitor);
    expect(assigned).toMatchObject({
      hero: { in_experiment: true, variant_name: impression?.eventProperties?.variant_name },
    });
    expect(errors).toEqual([]);
  },
);
