import { expect, it } from 'vitest';
import { LastAppend } from '../../../src/outbox/postgres/last-append.js';

const FIRST = { incarnation: '7', startedAt: '1' };
const SECOND = { incarnation: '7', startedAt: '2' };

it('asks for the last append only when the server has started again', async () => {
  const asked: string[] = [];
  const last = new LastAppend(async (distinctId) => {
    asked.push(distinctId);
    return true;
  });
  const name = await last.incarnationOf(FIRST);
  last.note('a');
  last.note('b');
  expect(await last.incarnationOf(FIRST)).toBe(name);
  expect(asked).toEqual([]);
  expect(await last.incarnationOf(SECOND)).toBe(name);
  expect(await last.incarnationOf(SECOND)).toBe(name);
  expect(asked).toEqual(['b']);
});

it('takes the last append for lost if it cannot be looked up, because the next one would hide the loss', async () => {
  const last = new LastAppend(() => Promise.reject(new Error('the connection was lost')));
  const name = await last.incarnationOf(FIRST);
  last.note('a');
  expect(await last.incarnationOf(SECOND)).not.toBe(name);
});

it('tells every caller of a new start the same', async () => {
  const last = new LastAppend(async () => false);
  await last.incarnationOf(FIRST);
  last.note('a');
  const [one, other] = await Promise.all([last.incarnationOf(SECOND), last.incarnationOf(SECOND)]);
  expect(one).toBe(other);
});

it('has lost nothing before its first append', async () => {
  const last = new LastAppend(async () => false);
  const name = await last.incarnationOf(FIRST);
  expect(await last.incarnationOf(SECOND)).toBe(name);
});

it('asks for the last append that this process has not settled: of the others, it knows the outcome', async () => {
  const asked: string[] = [];
  const last = new LastAppend(async (distinctId) => {
    asked.push(distinctId);
    return distinctId === 'a';
  });
  const name = await last.incarnationOf(FIRST);
  for (const distinctId of ['a', 'b', 'c']) last.note(distinctId);
  for (const distinctId of ['c', 'b']) last.settled(distinctId);
  expect(await last.incarnationOf(SECOND)).toBe(name);
  expect(asked).toEqual(['a']);
  last.settled('a');
  expect(await last.incarnationOf(FIRST)).toBe(name);
});

it('does not know how earlier ones ended than it remembers', async () => {
  const last = new LastAppend(async () => true);
  const name = await last.incarnationOf(FIRST);
  for (let at = 0; at < 2_000; at += 1) last.note(`${at}`);
  expect(await last.incarnationOf(SECOND)).toBe(name);
  for (let at = 0; at < 2_000; at += 1) last.settled(`${at}`);
  expect(await last.incarnationOf(FIRST)).not.toBe(name);
});
