import type pg from 'pg';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { createClient } from '../../../src/index.js';
import { createPostgresOutbox, type PostgresOutbox, type SqlClient } from '../../../src/outbox/postgres/index.js';
import type { DurablyAppended } from '../../../src/tracking/polled-outbox.js';
import { identifyEntry, idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';
import { connect } from './stores.js';

const SCHEMA = `ours_contention_${process.pid}`;

describe.runIf(process.env.POSTGRES_URL !== undefined)('while another transaction holds an id', () => {
  const pool = connect();
  let tables = 0;

  afterAll(async () => {
    await pool.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    await pool.end();
  });

  /** An outbox, and a transaction that has inserted events with these ids. */
  async function world(ids: readonly string[], client: SqlClient = pool) {
    tables += 1;
    const table = `${SCHEMA}.outbox_${tables}`;
    const outbox = createPostgresOutbox({ client, table });
    await createPostgresOutbox({ client: pool, table }).ensureSchema();
    const tx = await pool.connect();
    let isOpen = true;
    const end = async (how: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
      if (!isOpen) return;
      isOpen = false;
      await tx.query(how);
      tx.release();
    };
    onTestFinished(async () => {
      await end('ROLLBACK');
      await outbox.close();
    });
    await tx.query('BEGIN');
    await outbox.within(tx)(ids.map((id) => trackEntry(id)));
    return { outbox, end, tx, table };
  }

  const deferredIds = ({ deferred = new Map() }: DurablyAppended): string[] => idsOf([...deferred.keys()]);
  const claimIds = async (outbox: PostgresOutbox): Promise<string[]> => idsOf(await outbox.claim(EVERYTHING));

  it('an identify keeps the later events of its person behind it, and nothing else', async () => {
    const who = { userId: 'v', email: 'v@example.org' };
    const { outbox, end } = await world(['i1']);
    const entries = [
      trackEntry('before', who),
      identifyEntry('i1', who),
      identifyEntry('i2', { email: who.email }),
      trackEntry('behind', { userId: who.userId }),
      trackEntry('other'),
    ];
    const first = await outbox.append(entries);
    expect(deferredIds(first)).toEqual(['i1', 'i2', 'behind']);
    const second = await outbox.append([identifyEntry('i3', who), trackEntry('another')]);
    expect(deferredIds(second)).toEqual(['i3']);
    expect(await claimIds(outbox)).toEqual(['before', 'other', 'another']);
    await end('ROLLBACK');
    await Promise.all([...first.deferred!.values(), ...second.deferred!.values()]);
    expect(await claimIds(outbox)).toEqual(['i1', 'i2', 'behind', 'i3']);
  });

  it.each(['COMMIT', 'ROLLBACK'] as const)(
    'the other events of an append are stored at once, and the one in question after the %s',
    async (how) => {
      const { outbox, end } = await world(['a']);
      const [a, b, c] = [trackEntry('a'), trackEntry('b'), trackEntry('c')];
      const appended = await outbox.append([b, a, c]);
      expect(deferredIds(appended)).toEqual(['a']);
      expect(await claimIds(outbox)).toEqual(['b', 'c']);
      await end(how);
      const { duplicates } = await appended.deferred!.get(a)!;
      expect(duplicates).toEqual(how === 'COMMIT' ? [a] : []);
      expect(await claimIds(outbox)).toEqual(['a']);
    },
  );

  it('each of several appends in one commit learns the result of its own events', async () => {
    const { outbox } = await world(['a', 'c']);
    const answers = await Promise.all(['a', 'b', 'c'].map((id) => outbox.append([trackEntry(id)])));
    expect(answers.map(deferredIds)).toEqual([['a'], [], ['c']]);
    expect(await claimIds(outbox)).toEqual(['b']);
  });

  it('later events with that id wait as well, and only they do', async () => {
    const { outbox, end } = await world(['a']);
    const first = await outbox.append([trackEntry('a')]);
    const second = await outbox.append([trackEntry('a'), trackEntry('b')]);
    expect([deferredIds(first), deferredIds(second)]).toEqual([['a'], ['a']]);
    expect(await claimIds(outbox)).toEqual(['b']);
    await end('ROLLBACK');
    const answers = await Promise.all([first, second].flatMap(({ deferred }) => [...deferred!.values()]));
    expect(answers.map(({ duplicates }) => duplicates.length).toSorted()).toEqual([0, 1]);
    expect(await claimIds(outbox)).toEqual(['a']);
  });

  it('hundreds of such ids hold up no other event', async () => {
    const held = Array.from({ length: 300 }, (_, index) => `held ${index}`);
    const { outbox, end } = await world(held);
    const entries = held.flatMap((id, index) => [trackEntry(id), trackEntry(`free ${index}`)]);
    const appended = await outbox.append(entries);
    expect(deferredIds(appended)).toEqual(held);
    expect(await claimIds(outbox)).toEqual(held.map((_, index) => `free ${index}`));
    await end('COMMIT');
    const answers = await Promise.all(appended.deferred!.values());
    expect(answers.every(({ duplicates }) => duplicates.length === 1)).toBe(true);
  });

  it('an identify that is stored next to it is not overtaken', async () => {
    const { outbox } = await world(['a']);
    const ada = { userId: 'visitor 1' };
    await outbox.append([trackEntry('a'), identifyEntry('i', ada), trackEntry('t', ada)]);
    const identify = await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
    expect(idsOf(identify)).toEqual(['i']);
    expect(await outbox.claim(EVERYTHING)).toEqual([]);
    await outbox.ack(identify);
    expect(await claimIds(outbox)).toEqual(['t']);
  });

  describe.each([
    ['the server ends the append for taking too long', { code: '57014' }],
    ['the server ends the append for waiting too long', { code: '55P03' }],
    ['the client gives up the append', {}],
  ])('and %s,', (_, fields) => {
    it('the other events are stored anyway', async () => {
      const client: SqlClient = {
        async query(text, values) {
          // The statement for the whole group, not the one that appends each event separately.
          if (text.includes('INSERT') && values.length === 3) throw Object.assign(new Error('too long'), fields);
          return pool.query(text, values);
        },
      };
      const { outbox } = await world(['a'], client);
      const appended = await outbox.append([trackEntry('a'), trackEntry('b')]);
      expect(deferredIds(appended)).toEqual(['a']);
      expect(await claimIds(outbox)).toEqual(['b']);
    });
  });

  it("a session's own lock_timeout changes nothing", async () => {
    const impatient = connect({ options: '-c lock_timeout=10' });
    onTestFinished(() => impatient.end());
    const { outbox, end } = await world(['a'], impatient);
    const a = trackEntry('a');
    const appended = await outbox.append([a, trackEntry('b')]);
    await end('COMMIT');
    expect((await appended.deferred!.get(a)!).duplicates).toEqual([a]);
    const { rows } = await impatient.query('SHOW lock_timeout');
    expect(rows).toEqual([{ lock_timeout: '10ms' }]);
  });

  it('an event that still waits when the outbox is closed is reported as undecided', async () => {
    const { outbox } = await world(['a']);
    const a = trackEntry('a');
    const { deferred } = await outbox.append([a]);
    await outbox.close();
    await expect(deferred!.get(a)).rejects.toThrow(/another transaction.*if it commits.*delivered.*rolls back.*lost/is);
  });

  it('a replay ends with an error instead of holding up the deliveries', async () => {
    const { outbox, tx } = await world([]);
    await outbox.append([trackEntry('a')]);
    await outbox.deadLetter(await outbox.claim(EVERYTHING), { status: 'dropped', reason: 'too_old' });
    await outbox.within(tx as pg.PoolClient)([trackEntry('a')]);
    await expect(outbox.deadLetters.replay(['a'])).rejects.toMatchObject({
      code: 'store_failed',
      engineCode: '55P03',
    });
    expect(await outbox.deadLetters.count()).toBe(1);
  });

  it('a client reports every other event of the same tick as stored, and that one when it is decided', async () => {
    const { outbox, end } = await world(['purchase:1']);
    const ours = createClient({ token: 't', outbox, relay: false, logger: { warn() {} } });
    onTestFinished(async () => void (await ours.close({ timeoutMs: 0 })));
    const track = (distinctId: string) => ours.track({ event: 'purchase', userId: 'u', distinctId });
    const same = track('purchase:1');
    const other = track('purchase:2');
    let isDecided = false;
    const decided = same.stored().then(() => {
      isDecided = true;
    });
    await other.stored();
    await track('purchase:3').stored();
    expect(isDecided).toBe(false);
    await end('COMMIT');
    await decided;
    expect((await claimIds(outbox)).toSorted()).toEqual(['purchase:1', 'purchase:2', 'purchase:3']);
  });
});
