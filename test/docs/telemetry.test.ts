import { readFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { Tally } from '../../src/cli/relay-metrics.js';
import { startRelayServer } from '../../src/cli/relay-server.js';
import { fileOutbox } from '../cli/outbox-file.js';

/** The names of the metrics that a relay serves. */
async function served(): Promise<Set<string>> {
  const { outbox } = await fileOutbox();
  const server = await startRelayServer({
    port: 0,
    host: '127.0.0.1',
    outbox,
    failure: () => undefined,
    tally: new Tally(),
  });
  onTestFinished(() => server.close());
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return new Set(text.match(/^ours_ingest_\w+/gm));
}

it.each(['docs/prometheus-alerts.yml', 'docs/grafana-dashboard.json', 'docs/relay.md'])(
  '%s names only metrics that a relay serves',
  async (page) => {
    const names = new Set((await readFile(page, 'utf8')).match(/ours_ingest_\w+/g));
    const known = await served();
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
  },
);

it('the dashboard shows every metric that a relay serves', async () => {
  const dashboard = await readFile('docs/grafana-dashboard.json', 'utf8');
  expect([...(await served())].filter((name) => !dashboard.includes(name))).toEqual([]);
});

it('the page lists every channel, and nothing else', async () => {
  const [page, source] = await Promise.all([
    readFile('docs/telemetry.md', 'utf8'),
    readFile('src/telemetry/channels.ts', 'utf8'),
  ]);
  const channels = (text: string): string[] => [...new Set(text.match(/ours-ingest:\w+/g))].toSorted();
  expect(channels(page)).toEqual(channels(source));
});
