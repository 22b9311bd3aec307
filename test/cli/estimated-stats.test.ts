import { expect, it } from 'vitest';
import { about } from '../../src/cli/amounts.js';
import { checkQueue } from '../../src/cli/doctor/outbox.js';
import { fileOutbox } from './outbox-file.js';

it('marks estimated numbers as estimated', async () => {
  const { outbox } = await fileOutbox();
  const stats = { waiting: 5_000_000, claimed: 400, bytes: 2_000_000_000, isEstimated: true };
  const [check] = await checkQueue({ ...methodsOf(outbox), stats: async () => stats }, 'the outbox');
  expect(check?.message).toContain('holds about 5,000,000 waiting');
  expect(about({ ...stats, isEstimated: undefined })).toBe('');
});

/** The methods that the check calls, bound: the outbox is an instance of a class. */
function methodsOf(outbox: Awaited<ReturnType<typeof fileOutbox>>['outbox']): typeof outbox {
  return Object.assign(Object.create(null), {
    oldest: () => outbox.oldest(),
    deadLetters: outbox.deadLetters,
  });
}
