import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DurableOutbox } from '../../src/outbox/outbox.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import type { Entry } from '../../src/protocol/event.js';
import { arrived, rig, trackMany, until } from '../support/client.js';
import { answer } from '../support/clients.js';
import { errorOf, identifyEntry, idsOf, trackEntry } from '../support/entries.js';
import { holdTime } from '../support/held-time.js';
import { simulate } from '../support/simulated-service.js';

const HTTP_503 = { kind: 'status', status: 503 } as const;
const EVERYTHING = { maxEntries: 1e6, maxBytes: 1e9, leaseMs: 60_000 };

/** Opens one more handle on a file that lasts as long as the test. */
async function sqliteFile(): Promise<() => DurableOutbox> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-durable-'));
  const handles: DurableOutbox[] = [];
  onTestFinished(async () => {
    await Promise.all(handles.map((handle) => handle.close()));
    await rm(folder, { recursive: true });
  });
  return () => {
    const handle = createSqliteOutbox({ file: join(folder, 'events.db') });
    handles.push(handle);
    return handle;
  };
}

describe('a client with a durable outbox', () => {
  it('has stored an event before the service has it, and while the service is down', async () => {
    const open = await sqliteFile();
    const { client, collector } = await rig({ outbox: open() });
    collector.faults.set(() => HTTP_503);
    await client.track({ event: 'purchase', userId: 'v', distinctId: 'a' }).stored();
    expect(arrived(collector)).toEqual([]);
    expect((await open().lookUp(['a'])).get('a')).toBe('inside');
  });

  it('reports how its events ended, to callers that wait from the start and to callers that ask later', async () => {
    const open = await sqliteFile();
    const { client, collector, outcomes } = await rig({ outbox: open() });
    collector.faults.next({ kind: 'rows', code: 'invalid_event', indexes: [1] });
    const [good, bad] = ['good', 'bad'].map((distinctId) =>
      client.track({ event: 'purchase', userId: 'v', distinctId }),
    );
    expect(await good!.settled()).toEqual({ status: 'delivered' });
    expect(await client.flush()).toEqual({ delivered: 1, rejected: 1, dropped: 0, pending: 0, unknown: 0 });
    expect(await bad!.settled()).toMatchObject({ status: 'rejected', code: 'invalid_event' });
    expect(await good!.settled()).toEqual({ status: 'delivered' });
    expect(outcomes.map(({ distinctId, status }) => [distinctId, status])).toEqual([
      ['good', 'delivered'],
      ['bad', 'rejected'],
    ]);
    expect(await open().deadLetters.count()).toBe(1);
  });

  it('logs the notice that its outbox returns after an append, although nothing failed', async () => {
    const outbox = (await sqliteFile())();
    const notices = ['the key is worn'];
    outbox.takeNotice = () => notices.shift();
    const { client, warnings } = await rig({ outbox });
    await client.track({ event: 'purchase', userId: 'v' }).stored();
    await client.track({ event: 'purchase', userId: 'v' }).stored();
    expect(warnings).toEqual([expect.stringContaining('the key is worn')]);
  });

  it('warns once when it delivers events that were tracked with another token', async () => {
    const open = await sqliteFile();
    const earlier = await rig({ outbox: open(), relay: false, token: 'test_booking' });
    trackMany(earlier.client, 3);
    await earlier.client.close();

    const { client, collector, warnings } = await rig({ outbox: open() });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'own' });
    await until(() => collector.events().length === 4);
    await client.flush();
    expect(warnings).toEqual([expect.stringMatching(/tracked with another token .* give each its own table/)]);
    expect(warnings.join()).not.toContain('test_');
  });

  it('also warns of those tracked in a transaction, and of none that an earlier version stored', async () => {
    const open = await sqliteFile();
    const earlier = open();
    const outbox = Object.assign(earlier, {
      within: () => async (entries: readonly Entry[]) => void (await earlier.append(entries)),
    });
    await earlier.append([
      { ...trackEntry('old', { userId: 'v' }, Date.now()), owner: 'a1b2c3d4e5f6.17' },
      { ...trackEntry('older', { userId: 'v' }, Date.now()), owner: undefined },
    ]);
    const own = await rig({ outbox: open() });
    await until(() => own.collector.events().length === 2);
    expect(own.warnings).toEqual([]);

    const booking = await rig({ outbox, relay: false, token: 'test_booking' });
    await booking.client.within({ query: async () => [] }).track({ event: 'purchase', userId: 'v' });
    await until(() => own.warnings.length === 1);
    expect(own.warnings).toEqual([expect.stringContaining('another token')]);
  });

  it('leaves an empty outbox alone once the service has stated a limit below what is around the rows', async () => {
    const outbox = (await sqliteFile())();
    const claim = outbox.claim.bind(outbox);
    let claims = 0;
    outbox.claim = async (options) => {
      claims += 1;
      return claim(options);
    };
    const answers = [answer(413, { success: false, limit: 20 })];
    const { client, warnings } = await rig({
      outbox,
      fetch: async () => answers.pop() ?? answer(200, { success: true }),
    });
    const receipt = client.track({ event: 'purchase', userId: 'v' });
    expect(await receipt.settled()).toMatchObject({ code: 'event_too_large' });
    await client.flush();
    const before = claims;
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(claims).toBe(before);
    expect(warnings).toEqual([]);
  });

  it('delivers what other processes have left even while its own append hangs', async () => {
    const open = await sqliteFile();
    const earlier = await rig({ outbox: open(), relay: false });
    const ids = trackMany(earlier.client, 5);
    await earlier.client.close();

    const outbox = open();
    outbox.append = () => new Promise(() => undefined);
    const { client, collector } = await rig({ outbox });
    client.track({ event: 'purchase', userId: 'v', distinctId: 'hangs' });
    await until(() => arrived(collector).length === ids.length);
    expect(await client.close({ timeoutMs: 0 })).toMatchObject({ unknown: 1 });
  });

  it('delivers what an earlier process has left, automatically and with all its senders', async () => {
    const open = await sqliteFile();
    const earlier = await rig({ outbox: open(), relay: false });
    const ids = trackMany(earlier.client, 500);
    await earlier.client.close();

    let atOnce = 0;
    let most = 0;
    const { collector, outcomes } = await rig({
      outbox: open(),
      flushAt: 10,
      fetch: async (url, init) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        // None ends before all senders are at work.
        await until(() => most >= 4);
        const answer = await fetch(url, init);
        atOnce -= 1;
        return answer;
      },
    });
    await until(() => collector.events().length === 500);
    expect(arrived(collector).toSorted()).toEqual(ids.toSorted());
    expect(most).toBe(4);
    await until(() => outcomes.length === 500);
  });

  it('drains a backlog in which many wait for an identify, without waiting for its rounds', async () => {
    const open = await sqliteFile();
    const people = Array.from({ length: 3_000 }, (_, index) => ({ userId: `visitor ${index % 40}` }));
    await open().append(
      people.map((who, index) =>
        index % 10 === 0
          ? identifyEntry(`i${index}`, who, { userProperties: {} }, Date.now())
          : trackEntry(`t${index}`, who, Date.now()),
      ),
    );
    const claims: number[] = [];
    const outbox = open();
    const claim = outbox.claim.bind(outbox);
    outbox.claim = async (options) => {
      const entries = await claim(options);
      claims.push(entries.length);
      return entries;
    };
    const { collector } = await rig({ outbox });
    // A hundred in each round would take half a minute.
    await until(() => collector.events().filter(({ event }) => event === 'purchase').length === 2_700);
    expect(Math.max(...claims)).toBeGreaterThan(50);
  });

  it('delivers what others append while it runs, though it tracks nothing itself', async () => {
    const open = await sqliteFile();
    const { collector, client } = await rig({ outbox: open() });
    await until(() => client.flush !== undefined);
    await open().append([trackEntry('a', { userId: 'v' }, Date.now())]);
    await until(() => collector.events().length === 1);
  });

  it('is woken by an outbox that can tell, and then waits for its batch to fill as always', async () => {
    const open = await sqliteFile();
    let wake = (): void => undefined;
    const unwatch = vi.fn();
    const outbox: DurableOutbox = Object.assign(open(), {
      watch(listener: () => void) {
        wake = listener;
        return unwatch;
      },
    });
    const claim = vi.spyOn(outbox, 'claim');
    // It polls every second: it must be woken before that.
    const { client, taken, pass } = simulate({ outbox, flushIntervalMs: 50, random: () => 0, endingOf: () => 'ok' });
    await pass(10);
    expect(claim).toHaveBeenCalledTimes(1);
    await open().append([trackEntry('a', { userId: 'v' }, Date.now())]);
    wake();
    wake();
    await pass(49);
    expect(claim).toHaveBeenCalledTimes(1);
    await pass(100);
    expect([...taken.keys()]).toEqual(['a']);
    expect(claim).toHaveBeenCalledTimes(2);
    await client.close();
    expect(unwatch).toHaveBeenCalledOnce();
  });

  it('learns that another process has delivered its events: receipts tell, a flush ends, the totals leave them open', async () => {
    const open = await sqliteFile();
    const stuck = await rig({ outbox: open() });
    stuck.collector.faults.set(() => HTTP_503);
    const receipts = ['a', 'b', 'c'].map((distinctId) =>
      stuck.client.track({ event: 'purchase', userId: `visitor of ${distinctId}`, distinctId }),
    );
    await Promise.all(receipts.map((receipt) => receipt.stored()));
    await until(() => stuck.collector.requests > 0);
    const settled = receipts.map((receipt) => receipt.settled());
    const flushed = stuck.client.flush();

    const other = await rig({ outbox: open() });
    other.collector.faults.next({ kind: 'rows', code: 'invalid_event', indexes: [0] });
    const outcomes = await Promise.all(settled);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['delivered', 'delivered', 'rejected']);
    expect(await flushed).toEqual({ delivered: 0, rejected: 0, dropped: 0, pending: 3, unknown: 0 });
    expect(arrived(other.collector)).toHaveLength(2);
  });

  it('reports an event that its outbox confirms only after a look-up has found it gone', async () => {
    const outbox = (await sqliteFile())();
    const ack = outbox.ack.bind(outbox);
    let confirm: (() => void) | undefined;
    outbox.ack = async (entries) => {
      await ack(entries);
      await new Promise<void>((resolve) => {
        confirm = resolve;
      });
    };
    const { client, outcomes } = await rig({ outbox });
    const time = holdTime();
    client.track({ event: 'purchase', userId: 'v', distinctId: 'a' });
    const flushed = client.flush();
    await time.until(() => confirm !== undefined);
    // Polls pass until the event counts as another process's.
    expect(await time.settle(flushed, 100)).toMatchObject({ delivered: 0, pending: 1 });
    confirm!();
    let turns = 0;
    await time.until(() => outcomes.length === 1 || ++turns === 100);
    expect(outcomes).toMatchObject([{ distinctId: 'a', status: 'delivered' }]);
    expect(await client.flush()).toMatchObject({ delivered: 1, pending: 0 });
  });

  it('lets requests with the events of others end when it closes, and claims no more', async () => {
    const open = await sqliteFile();
    const outbox = open();
    const entries = Array.from({ length: 30 }, (_, index) => trackEntry(`e${index}`, { userId: 'v' }, Date.now()));
    await outbox.append(entries);
    const { client, collector } = await rig({ outbox, flushAt: 10, concurrency: 1 });
    collector.faults.set(() => ({ kind: 'delay', ms: 100 }));
    await until(() => collector.requests === 1);
    await client.close();
    expect(arrived(collector)).toHaveLength(10);
    expect(idsOf(await open().claim(EVERYTHING))).toEqual(idsOf(entries.slice(10)));
  });

  it('gives back what it could not deliver in time, for the next process to have at once', async () => {
    const open = await sqliteFile();
    const { client, collector } = await rig({ outbox: open() });
    collector.faults.set(() => ({ kind: 'hang' }));
    const time = holdTime();
    trackMany(client, 5);
    const closed = client.close({ timeoutMs: 50 });
    await time.until(() => collector.requests === 1);
    await time.pass(50);
    expect(await time.settle(closed)).toMatchObject({ pending: 5 });
    expect(await open().claim(EVERYTHING)).toHaveLength(5);
  });

  it('takes a webhook that comes twice for one event', async () => {
    const open = await sqliteFile();
    const { client, collector } = await rig({ outbox: open() });
    const receipts = [1, 2].map(() => client.track({ event: 'purchase', userId: 'v', distinctId: 'purchase:1' }));
    await Promise.all(receipts.map((receipt) => receipt.stored()));
    expect(await client.flush()).toMatchObject({ delivered: 2, pending: 0 });
    expect(collector.requests).toBe(1);
    expect(arrived(collector)).toEqual(['purchase:1']);
  });

  it('does not claim that an event is lost if the outbox may have stored it', async () => {
    const open = await sqliteFile();
    const outbox = open();
    const append = outbox.append.bind(outbox);
    vi.spyOn(outbox, 'append').mockImplementationOnce(async (entries) => {
      await append(entries);
      throw new Error('the connection was lost');
    });
    const { client, collector, outcomes, warnings } = await rig({ outbox });
    const receipt = client.track({ event: 'purchase', userId: 'v', distinctId: 'a' });
    const error = await errorOf(receipt.stored());
    expect(error).toMatchObject({ code: 'not_stored', cause: { status: 'unknown', reason: 'not_confirmed' } });
    expect(error.message).toBe('event a may not be stored: unknown, not_confirmed: the connection was lost.');
    expect(warnings).toEqual([expect.stringContaining('1 events may be lost')]);
    await until(() => arrived(collector).length === 1);
    await client.flush();
    expect(outcomes.map(({ status }) => status)).toEqual(['unknown']);
    expect(await client.close()).toMatchObject({ unknown: 1, delivered: 0, pending: 0 });
  });

  it('says with an outcome why an event could not be stored, and delivers the next ones', async () => {
    const open = await sqliteFile();
    const outbox = open();
    const full = Object.assign(new Error('the disk is full: make room'), { storedNothing: true });
    vi.spyOn(outbox, 'append').mockRejectedValueOnce(full);
    const { client, warnings } = await rig({ outbox });
    const lost = client.track({ event: 'purchase', userId: 'v', distinctId: 'a' });
    expect((await errorOf(lost.stored())).message).toBe(
      'event a was not stored: dropped, outbox_failed: the disk is full: make room.',
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('the disk is full: make room');
    expect(await client.track({ event: 'purchase', userId: 'v' }).settled()).toEqual({ status: 'delivered' });
  });

  it('asks an outbox that fails at most twice a second, says so once, and goes on when it works again', async () => {
    const open = await sqliteFile();
    const outbox = open();
    const claim = vi.spyOn(outbox, 'claim').mockRejectedValue(new Error('the file is away'));
    const { client, taken, warnings, pass } = simulate({ outbox, random: () => 0, endingOf: () => 'ok' });
    const ids = trackMany(client, 3);
    await pass(60_000);
    // The retry and the poll for what others have stored each have a timer of a second.
    expect(claim.mock.calls.length).toBeGreaterThan(60);
    expect(claim.mock.calls.length).toBeLessThanOrEqual(2 * 61);
    expect(warnings).toEqual([expect.stringContaining('the file is away')]);
    claim.mockRestore();
    await pass(2_000);
    expect([...taken.keys()]).toEqual(ids);
  });
});

describe('a client that only appends', () => {
  it('has stored its events, knows nothing of their end, and holds nothing open', async () => {
    const open = await sqliteFile();
    const { client, collector } = await rig({ outbox: open(), relay: false });
    const receipt = client.track({ event: 'purchase', userId: 'v', distinctId: 'a' });
    await receipt.stored();
    expect(await errorOf(receipt.settled())).toMatchObject({ code: 'closed' });
    expect(await client.flush()).toMatchObject({ pending: 1 });
    expect(await client.close()).toMatchObject({ pending: 1 });
    expect(collector.requests).toBe(0);
    expect((await open().lookUp(['a'])).get('a')).toBe('inside');
  });
});

describe('within()', () => {
  it('needs an outbox that lives in the database', async () => {
    const open = await sqliteFile();
    for (const outbox of [undefined, open()]) {
      const { client } = await rig({ outbox });
      expect(() => client.within({ query: async () => ({ rows: [] }) })).toThrow(/createPostgresOutbox/);
    }
  });
});
