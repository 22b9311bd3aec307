import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { deadLetters, takeAll } from '../../src/cli/dead-letters.js';
import type { DeadLetters, DurableOutbox } from '../../src/outbox/outbox.js';
import { toBytes } from '../../src/protocol/bytes.js';
import { idsOf, trackEntry } from '../support/entries.js';
import { keyOf } from '../support/keys.js';
import { testContext } from './context.js';
import { EVERYTHING, fileOutbox, freshEntries, freshFile, giveUp, REFUSED, TOO_OLD } from './outbox-file.js';

const ada = { userId: 'u1', email: 'ada@example.org' };

async function withLetters() {
  const { file, outbox } = await fileOutbox();
  await outbox.append([trackEntry('order:1', ada, 1_700_000_000_000)]);
  await giveUp(outbox, REFUSED);
  await outbox.append(freshEntries(2, 'order:old'));
  await giveUp(outbox, TOO_OLD);
  return { file, outbox };
}

describe('ours-ingest dead-letters list', () => {
  it('prints time, reason, event and id, the oldest first, without personal data', async () => {
    const { file } = await withLetters();
    const context = testContext();
    await deadLetters.run(['list', '--sqlite', file], context);
    expect(context.printed.map((line) => line.split(/ {2,}/).slice(1))).toEqual([
      ['rejected invalid_event', 'purchase', 'order:1'],
      ['dropped too_old', 'purchase', 'order:old0'],
      ['dropped too_old', 'purchase', 'order:old1'],
    ]);
    for (const line of context.printed) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
    expect(context.printed.join()).not.toMatch(/ada|u1/);
    expect(context.warned).toEqual([expect.stringMatching(/^since +reason +event +ID/)]);
  });

  it('prints the given number of dead letters and the total', async () => {
    const { file } = await withLetters();
    const context = testContext();
    await deadLetters.run(['list', '--sqlite', file, '--limit', '2'], context);
    expect(context.printed).toHaveLength(2);
    expect(context.warned.at(-1)).toBe('2 of 3; --limit shows more.');
  });

  it('reports that there are none', async () => {
    const { file } = await fileOutbox();
    const context = testContext();
    await deadLetters.run(['list', '--sqlite', file], context);
    expect([context.printed, context.warned]).toEqual([[], ['No dead letters.']]);
  });

  it('prints no control characters of a name', async () => {
    const { file, outbox } = await fileOutbox();
    await outbox.append([{ ...trackEntry('id\u001b[2J'), event: 'bell\u0007' }]);
    await giveUp(outbox, TOO_OLD);
    const context = testContext();
    await deadLetters.run(['list', '--sqlite', file], context);
    expect(context.printed[0]).toMatch(/bell\\u0007 +id\\u001b\[2J$/);
  });
});

describe('ours-ingest dead-letters show', () => {
  it('prints everything about one, with its meaning, advice and a warning', async () => {
    const { file } = await withLetters();
    const context = testContext();
    await deadLetters.run(['show', '--sqlite', file, 'order:1'], context);
    const end = context.printed.indexOf('');
    expect(context.printed.slice(0, end).filter((line) => !line.startsWith('since'))).toEqual([
      'distinctId  order:1',
      'outcome     rejected invalid_event',
      'message     value is no number',
      'meaning     the service rejected this event as invalid',
      expect.stringMatching(/^what to do {2}\S.*track it again/),
      'kind        track',
      'event       purchase',
      'time        2023-11-14T22:13:20.000Z',
      'userId      u1',
      'email       ada@example.org',
    ]);
    expect(JSON.parse(context.printed.slice(end).join('\n'))).toMatchObject({ distinctId: 'order:1', ...ada });
    expect(context.warned).toEqual([expect.stringContaining('personal data')]);
  });

  it('keeps the body valid JSON, without control characters', async () => {
    const { file, outbox } = await fileOutbox();
    const body = { event: 'purchase', note: '\u009b2J \u202e 𝒳 👩‍🔬' };
    await outbox.append([{ ...trackEntry('a'), body: toBytes(JSON.stringify(body)) }]);
    await giveUp(outbox, TOO_OLD);
    const context = testContext();
    await deadLetters.run(['show', '--sqlite', file, 'a'], context);
    const shown = context.printed.slice(context.printed.indexOf('')).join('\n');
    expect(shown.replaceAll('\n', '')).not.toMatch(/(?!\u200D)\p{C}/u);
    expect(JSON.parse(shown)).toEqual(body);
  });

  it('opens a sealed one with the right key, and names the variable without it', async () => {
    const key = Buffer.from(keyOf(7)).toString('base64');
    const { file, outbox } = await fileOutbox([key]);
    await outbox.append([trackEntry('a', ada)]);
    await giveUp(outbox, TOO_OLD);
    const [withKey, without] = [testContext({ env: { OURS_SEALING_KEYS: `${key},` } }), testContext()];
    for (const context of [withKey, without]) await deadLetters.run(['show', '--sqlite', file, 'a'], context);
    expect(withKey.printed).toContain('email       ada@example.org');
    expect(without.printed.at(-1)).toContain('OURS_SEALING_KEYS');
  });

  it('fails for an unknown id', async () => {
    const { file } = await withLetters();
    const run = deadLetters.run(['show', '--sqlite', file, 'order:9'], testContext());
    await expect(run).rejects.toThrow('order:9 is not a dead letter');
  });
});

describe('ours-ingest dead-letters replay', () => {
  it('moves the given ones back into the outbox', async () => {
    const { file, outbox } = await withLetters();
    const context = testContext();
    await deadLetters.run(['replay', '--sqlite', file, 'order:1', 'order:old1'], context);
    expect(context.printed).toEqual(['2 moved back into the outbox; a relay delivers them.']);
    expect(idsOf(await outbox.claim(EVERYTHING)).toSorted()).toEqual(['order:1', 'order:old1']);
    expect(await outbox.deadLetters.count()).toBe(1);
  });

  it('replays the known ids, then fails if one is unknown', async () => {
    const { file, outbox } = await withLetters();
    const run = deadLetters.run(['replay', '--sqlite', file, 'order:9', 'order:1'], testContext());
    await expect(run).rejects.toThrow('1 of the ids is not a dead letter');
    expect(await outbox.stats()).toMatchObject({ waiting: 1 });
  });

  it('replays any number of dead letters', async () => {
    const { file, outbox } = await fileOutbox();
    await outbox.append(freshEntries(1_203));
    await giveUp(outbox, TOO_OLD);
    const context = testContext();
    await deadLetters.run(['replay', '--sqlite', file, '--all'], context);
    expect(context.printed).toEqual(['1,203 moved back into the outbox; a relay delivers them.']);
    expect(await outbox.stats()).toMatchObject({ waiting: 1_203 });
    expect(await outbox.deadLetters.count()).toBe(0);
  });
});

describe('ours-ingest dead-letters discard', () => {
  const countOf = (outbox: DurableOutbox): Promise<number> => outbox.deadLetters.count();

  it('discards the given ones', async () => {
    const { file, outbox } = await withLetters();
    const context = testContext();
    await deadLetters.run(['discard', '--sqlite', file, 'order:1'], context);
    expect(context.printed).toEqual(['1 discarded.']);
    expect(await countOf(outbox)).toBe(2);
    expect(await outbox.stats()).toMatchObject({ waiting: 0 });
  });

  it('discards all only with --yes without a terminal', async () => {
    const { file, outbox } = await withLetters();
    await expect(deadLetters.run(['discard', '--sqlite', file, '--all'], testContext())).rejects.toThrow('--yes');
    expect(await countOf(outbox)).toBe(3);
    await deadLetters.run(['discard', '--sqlite', file, '--all', '--yes'], testContext());
    expect(await countOf(outbox)).toBe(0);
  });

  it('discards dead letters older than some days, and keeps the others', async () => {
    const DAY_MS = 86_400_000;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 40 * DAY_MS });
    onTestFinished(() => void vi.useRealTimers());
    const { file, outbox } = await withLetters();
    vi.setSystemTime(Date.now() + 35 * DAY_MS);
    await outbox.append(freshEntries(1, 'young'));
    await giveUp(outbox, REFUSED);
    const context = testContext();
    await deadLetters.run(['discard', '--sqlite', file, '--older-than', '36'], context);
    expect(await countOf(outbox)).toBe(4);
    await deadLetters.run(['discard', '--sqlite', file, '--older-than', '30'], context);
    expect(context.printed).toEqual(['0 discarded.', '3 discarded.']);
    expect((await outbox.deadLetters.list({ limit: 9 })).map(({ distinctId }) => distinctId)).toEqual(['young0']);
  });

  it.each([
    ['yes', 0],
    ['y', 3],
    ['', 3],
  ])('asks on a terminal, and follows the answer "%s"', async (reply, left) => {
    const { file, outbox } = await withLetters();
    const asked: string[] = [];
    const ask = async (question: string): Promise<string> => {
      asked.push(question);
      return reply;
    };
    await deadLetters.run(['discard', '--sqlite', file, '--all'], testContext({ ask }));
    expect(asked).toEqual(['Delete all 3 dead letters for good? (yes/no) ']);
    expect(await countOf(outbox)).toBe(left);
  });
});

describe('ours-ingest dead-letters', () => {
  it.each([
    ['nothing to do', [], 'list, show, replay or discard'],
    ['something else to do', ['constructor'], 'list, show, replay or discard'],
    ['to show nothing', ['show'], 'show takes one id'],
    ['to show two', ['show', 'a', 'b'], 'show takes one id'],
    ['to replay nothing', ['replay'], 'takes ids, or --all'],
    ['to discard some and all', ['discard', 'a', '--all'], 'takes ids, or --all'],
    ['to discard all and old ones', ['discard', '--all', '--older-than', '1'], 'or --older-than'],
    ['to replay old ones', ['replay', '--older-than', '1'], '--older-than is for discard only'],
    ['ids to list', ['list', 'a'], 'list takes no ids'],
    ['a limit of nothing', ['list', '--limit', '0'], '--limit'],
  ])('refuses %s', async (_, args, message) => {
    const run = deadLetters.run([...args, '--sqlite', '/nowhere.db'], testContext());
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });

  it('does not treat a missing file as an outbox without dead letters', async () => {
    const file = await freshFile();
    const run = deadLetters.run(['list', '--sqlite', file], testContext());
    await expect(run).rejects.toThrow(`${file} does not exist`);
  });
});

/** Dead letters that return to the end when they are taken. */
function returning(count: number) {
  let ids = Array.from({ length: count }, (_, index) => `e${index}`);
  const taken: string[] = [];
  const found = {
    count: async () => ids.length,
    list: async ({ limit }: { limit: number }) => ids.slice(0, limit).map((distinctId) => ({ distinctId })),
  } as unknown as DeadLetters;
  const take = async (some: readonly string[]): Promise<number> => {
    taken.push(...some);
    ids = [...ids.filter((id) => !some.includes(id)), ...some];
    return some.length;
  };
  return { found, take, taken };
}

describe('taking all dead letters', () => {
  it('takes each once, even if they return immediately', async () => {
    const { found, take, taken } = returning(1_203);
    expect(await takeAll(found, take)).toBe(1_203);
    expect(new Set(taken).size).toBe(1_203);
    expect(taken).toHaveLength(1_203);
  });

  it('ends when another process has taken the rest', async () => {
    const found = { count: async () => 3, list: async () => [] } as unknown as DeadLetters;
    expect(await takeAll(found, async () => 0)).toBe(0);
  });
});
