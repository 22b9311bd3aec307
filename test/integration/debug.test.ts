import { describe, expect, it } from 'vitest';
import { buildClient } from '../../src/client/client.js';
import { nodePlatform } from '../../src/runtime/platform-node.js';
import { webPlatform } from '../../src/runtime/platform-web.js';
import { rig, until } from '../support/client.js';

describe('debug', () => {
  it('tells what was encoded and sent, by names and sizes and never by values', async () => {
    const lines: string[] = [];
    const { client, warnings } = await rig({
      debug: true,
      logger: { warn: (line) => void warnings.push(line), debug: (line) => void lines.push(line) },
    });
    client.track({
      event: 'purchase',
      userId: 'secret',
      sessionId: 'secret',
      distinctId: 'secret',
      eventProperties: { order_id: 'secret', value: 1 },
    });
    client.identify({ userId: 'secret', email: 'secret@example.org', userProperties: { plan: 'secret' } });
    await client.flush();
    expect(lines).toEqual([
      expect.stringMatching(
        /^\[ours-ingest\] encoded track purchase, \d+ bytes: .*userId.*eventProperties \{ order_id, value \}/,
      ),
      expect.stringMatching(
        /^\[ours-ingest\] encoded identify \$identify, \d+ bytes: .*email.*userProperties \{ email, plan \}/,
      ),
      expect.stringMatching(/^\[ours-ingest\] POST \/batch, 1 event, \d+ bytes: HTTP 200 in \d+ ms$/),
      expect.stringMatching(/^\[ours-ingest\] POST \/identify, \d+ bytes: HTTP 200 in \d+ ms$/),
    ]);
    expect(lines.join()).not.toContain('secret');
    expect(warnings).toEqual([]);
  });

  it('tells of retries and of every change of the circuit', async () => {
    const lines: string[] = [];
    const { client, collector } = await rig({
      debug: true,
      logger: { warn: () => undefined, debug: (line) => void lines.push(line.replace(/[\d,]+ (bytes|ms)/g, 'n $1')) },
    });
    collector.faults.next({ kind: 'status', status: 500 });
    collector.faults.next({ kind: 'status', status: 503 });
    client.track({ event: 'purchase', userId: 'v1' });
    await client.flush();
    expect(lines.slice(1).map((line) => line.replace('[ours-ingest] ', ''))).toEqual([
      'POST /batch, 1 event, n bytes: HTTP 500 in n ms',
      'POST /batch, 1 event, n bytes, attempt 2: HTTP 503 in n ms',
      'circuit open, for n ms',
      'circuit half-open: one event probes',
      'POST /batch, 1 event, n bytes: HTTP 200 in n ms',
      'circuit closed',
    ]);
  });

  it('says why there was no answer', async () => {
    const lines: string[] = [];
    const { client } = await rig({
      debug: true,
      baseUrl: 'http://127.0.0.1:1',
      // Without `debug` a logger hears it as warnings.
      logger: { warn: (line) => void lines.push(line) },
    });
    client.track({ event: 'purchase', userId: 'v1' });
    await until(() => lines.some((line) => /POST \/batch, 1 event, \d+ bytes: ECONNREFUSED in \d+ ms/.test(line)));
  });

  it('says so on a runtime that leaves it out', () => {
    const lines: string[] = [];
    const logger = { warn: (line: string) => void lines.push(line) };
    buildClient({ token: 'test_shop', debug: true, logger }, webPlatform);
    expect(lines).toEqual([expect.stringContaining('debug has no effect on this runtime')]);
  });

  it('is off unless asked for, also by OURS_DEBUG', () => {
    const lines: string[] = [];
    const logger = { warn: () => undefined, debug: (line: string) => void lines.push(line) };
    const track = (env: Record<string, string>) =>
      buildClient(
        { token: 'test_shop', disabled: false, logger, relay: true, baseUrl: 'http://127.0.0.1:1' },
        { ...nodePlatform, env },
      ).track({
        event: 'purchase',
        userId: 'v1',
      });
    track({});
    expect(lines).toEqual([]);
    track({ OURS_DEBUG: '1' });
    expect(lines).toHaveLength(1);
  });
});
