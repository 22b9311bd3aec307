import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { relay } from '../../src/cli/relay.js';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { arrived, until } from '../support/client.js';
import { trackEntry } from '../support/entries.js';
import { testContext } from './context.js';
import { EVERYTHING, fileOutbox, freshEntries, freshFile } from './outbox-file.js';
import { readPrometheus } from './prometheus-check.js';

async function openCollector(): Promise<Collector> {
  const collector = await createCollector();
  onTestFinished(() => collector.close());
  return collector;
}

/** A relay that runs until it is stopped. */
function startRelay(baseUrl: string, ...args: string[]) {
  const stop = new AbortController();
  const env = { OURS_TOKEN: 'test_shop', OURS_BASE_URL: baseUrl };
  const context = testContext({ stop: stop.signal, env });
  const ended = relay.run(args, context);
  onTestFinished(async () => {
    stop.abort();
    await ended.catch(() => undefined);
  });
  return {
    ...context,
    ended,
    async end(): Promise<string | undefined> {
      stop.abort();
      await ended;
      return context.printed.at(-1);
    },
  };
}

describe('ours-ingest relay', () => {
  it('delivers earlier and new events of other processes, and prints three lines without a token', async () => {
    const { file, outbox } = await fileOutbox();
    const collector = await openCollector();
    await outbox.append(freshEntries(3, 'left'));
    const running = startRelay(collector.baseUrl, '--sqlite', file);
    await until(() => collector.events().length === 3);
    await outbox.append(freshEntries(2, 'new'));
    await until(() => collector.events().length === 5);
    expect(await running.end()).toBe('5 delivered, 0 rejected, 0 dropped; 0 left in the outbox.');
    expect(arrived(collector).toSorted()).toEqual(['left0', 'left1', 'left2', 'new0', 'new1']);
    expect(running.printed.slice(0, -1)).toEqual([
      `Delivering from the SQLite file ${file} to ${collector.baseUrl}.`,
      'Stopping: requests in flight may finish, the rest stays in the outbox.',
    ]);
    expect([...running.printed, ...running.warned].join()).not.toContain('test_shop');
  });

  it('dead-letters what cannot be delivered, and counts it', async () => {
    const { file, outbox } = await fileOutbox();
    const collector = await openCollector();
    collector.faults.next({ kind: 'rows', code: 'invalid_event', indexes: [0] });
    await outbox.append([...freshEntries(2), trackEntry('old')]);
    const running = startRelay(collector.baseUrl, '--sqlite', file, '--port', '0');
    await running.lines(2);
    const url = /and (http:\S+)$/.exec(running.printed[1]!)![1]!;
    const metric = async (labels: string) =>
      readPrometheus(await (await fetch(url)).text()).get(`ours_ingest_outcomes_total{${labels}}`);
    await until(() => collector.events().length === 1);
    while ((await metric('status="rejected",reason="invalid_event"')) !== 1);
    while ((await metric('status="dropped",reason="too_old"')) !== 1);
    expect(await running.end()).toBe('1 delivered, 1 rejected, 1 dropped; 0 left in the outbox.');
    expect(await outbox.deadLetters.count()).toBe(2);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('lets the request in flight finish when it is stopped', async () => {
    const { file, outbox } = await fileOutbox();
    const collector = await openCollector();
    let isAsked = false;
    collector.faults.set(() => {
      isAsked = true;
      return { kind: 'delay', ms: 50 };
    });
    await outbox.append(freshEntries(3));
    const running = startRelay(collector.baseUrl, '--sqlite', file);
    await until(() => isAsked);
    expect(await running.end()).toBe('3 delivered, 0 rejected, 0 dropped; 0 left in the outbox.');
  });

  it('releases what does not finish in time, so that the next relay gets it immediately', async () => {
    const { file, outbox } = await fileOutbox();
    const collector = await openCollector();
    let isAsked = false;
    collector.faults.set(() => {
      isAsked = true;
      return { kind: 'hang' };
    });
    await outbox.append(freshEntries(3));
    const running = startRelay(collector.baseUrl, '--sqlite', file, '--grace', '0');
    await until(() => isAsked);
    expect(await running.end()).toBe('0 delivered, 0 rejected, 0 dropped; 3 left in the outbox.');
    expect(await outbox.claim(EVERYTHING)).toHaveLength(3);
  });

  it('is healthy while the service cannot be reached, and prints a warning', async () => {
    const { file, outbox } = await fileOutbox();
    await outbox.append(freshEntries(1));
    const running = startRelay('http://127.0.0.1:1', '--sqlite', file, '--port', '0', '--grace', '0');
    await running.lines(2);
    await until(() => running.warned.length > 0);
    const url = /: (http:\S+) and/.exec(running.printed[1]!)![1]!;
    expect((await fetch(url)).status).toBe(200);
    expect(running.warned[0]).toMatch(/^\[ours-ingest\] /);
  });

  it('shares an outbox with others: each event is delivered once', async () => {
    const { file, outbox } = await fileOutbox();
    const collector = await openCollector();
    await outbox.append(freshEntries(500));
    const relays = [1, 2, 3].map(() => startRelay(collector.baseUrl, '--sqlite', file, '--flush-at', '10'));
    await until(() => collector.events().length === 500);
    const summaries = await Promise.all(relays.map((running) => running.end()));
    const delivered = summaries.map((line) => Number.parseInt(line!, 10));
    expect(delivered.reduce((sum, count) => sum + count, 0)).toBe(500);
  });

  it('creates the file if it starts before the application', async () => {
    const file = await freshFile();
    const collector = await openCollector();
    const running = startRelay(collector.baseUrl, '--sqlite', file);
    await running.lines(1);
    expect(existsSync(file)).toBe(true);
  });

  it('reports that its port is in use', async () => {
    const { file } = await fileOutbox();
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await until(() => server.listening);
    const { port } = server.address() as { port: number };
    const running = startRelay('http://127.0.0.1:1', '--sqlite', file, '--port', String(port));
    await expect(running.ended).rejects.toThrow(`port ${port} of 127.0.0.1 is in use: choose another with --port`);
  });

  it.each<[string, string[], Record<string, string>, string]>([
    ['to run without a token', [], {}, 'OURS_TOKEN'],
    ['to run when the client is disabled', [], { OURS_TOKEN: 't', OURS_DISABLED: '1' }, 'OURS_DISABLED'],
    ['an invalid base URL', ['--base-url', 'api'], { OURS_TOKEN: 't' }, 'baseUrl'],
    ['a concurrency of too many', ['--concurrency', '1000'], { OURS_TOKEN: 't' }, 'concurrency'],
    ['a batch of nothing', ['--flush-at', '0'], { OURS_TOKEN: 't' }, '--flush-at'],
    ['an invalid port', ['--port', '70000'], { OURS_TOKEN: 't' }, '--port'],
    ['a table to make in SQLite', ['--ensure-schema'], { OURS_TOKEN: 't' }, '--ensure-schema'],
  ])('refuses %s, before it opens anything', async (_, args, env, message) => {
    const file = await freshFile();
    const run = relay.run(['--sqlite', file, ...args], testContext({ env, stop: AbortSignal.abort() }));
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
    expect(existsSync(file)).toBe(false);
  });
});

describe('ours-ingest relay --otel', () => {
  it('says how to start an SDK when there is none', async () => {
    const { file } = await fileOutbox();
    const collector = await openCollector();
    const running = startRelay(collector.baseUrl, '--sqlite', file, '--otel');
    await expect(running.ended).rejects.toThrow(UsageError);
    await expect(running.ended).rejects.toThrow(
      'NODE_OPTIONS="--import @opentelemetry/auto-instrumentations-node/register"',
    );
  });
});
