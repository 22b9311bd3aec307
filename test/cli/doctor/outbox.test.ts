import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkQueue, checkRedis } from '../../../src/cli/doctor/outbox.js';
import type { DurableOutbox } from '../../../src/outbox/outbox.js';
import { fileOutbox, freshEntries, giveUp, REFUSED, TOO_OLD } from '../outbox-file.js';

const HOUR_MS = 60 * 60_000;

describe('the doctor’s checks of an outbox', () => {
  /** The level and the message of each check. */
  async function examine(outbox: DurableOutbox): Promise<Record<string, string>> {
    const checks = await checkQueue(outbox, 'it');
    return Object.fromEntries(checks.map(({ check, level, message }) => [check, `${level}: ${message}`]));
  }

  it.each([
    ['a minute', 60_000, /^ok: has waited for 1 min\./],
    ['eleven minutes', 11 * 60_000, /^warning: has waited for 11 min: check that a relay/],
    ['six days and an hour', 145 * HOUR_MS, /^error: has waited for 6 d 1 h; after 7 days/],
  ])('explain that an event has waited for %s', async (_, ageMs, expected) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { outbox } = await fileOutbox();
    await outbox.append(freshEntries(1));
    vi.setSystemTime(Date.now() + ageMs);
    const found = await examine(outbox);
    expect(found.outbox).toContain('it opens and holds 1 waiting');
    expect(found['oldest event']).toMatch(expected);
  });

  it('report dead letters with their reasons', async () => {
    const { outbox } = await fileOutbox();
    await outbox.append(freshEntries(2, 'bad'));
    await giveUp(outbox, REFUSED);
    await outbox.append(freshEntries(1, 'old'));
    await giveUp(outbox, TOO_OLD);
    expect((await examine(outbox))['dead letters']).toBe(
      'warning: 3 events could not be delivered (2 rejected invalid_event, 1 dropped too_old): ours-ingest dead-letters list, with this outbox.',
    );
  });
});

describe('the doctor’s checks of a Redis server', () => {
  const info = (lines: readonly string[]) => ({ call: async () => `# Persistence\r\n${lines.join('\r\n')}\r\n` });
  const levels = async (lines: readonly string[]) =>
    (await checkRedis(info(lines))).map(({ check, level }) => `${check} ${level}`);

  it('accepts a server that appends and evicts nothing', async () => {
    expect(await levels(['aof_enabled:1', 'maxmemory:1000', 'maxmemory_policy:noeviction'])).toEqual([
      'Redis persistence ok',
      'Redis memory ok',
    ]);
  });

  it('warns if a crash can lose events, and fails if full memory can', async () => {
    expect(await levels(['aof_enabled:0', 'maxmemory:1000', 'maxmemory_policy:allkeys-lru'])).toEqual([
      'Redis persistence warning',
      'Redis memory error',
    ]);
  });

  it('accepts any policy for unlimited memory', async () => {
    expect(await levels(['aof_enabled:1', 'maxmemory:0', 'maxmemory_policy:allkeys-lru'])).toContain('Redis memory ok');
  });

  it('says what to check if it may not ask the server', async () => {
    const server = { call: async () => Promise.reject(new Error('NOPERM this user may not')) };
    const [only, ...others] = await checkRedis(server);
    expect(only).toMatchObject({ level: 'warning', message: expect.stringContaining('NOPERM') });
    expect(others).toEqual([]);
  });
});
