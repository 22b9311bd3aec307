import { expect, it } from 'vitest';
import { processBatch } from '../../src/adapters/sqs-batch.js';

const batch = (queue: string) =>
  ['m1', 'm2', 'm3'].map((messageId) => ({ messageId, eventSourceARN: `arn:aws:sqs:eu-central-1:1:${queue}` }));
const ids = (...messageIds: string[]) => ({
  batchItemFailures: messageIds.map((itemIdentifier) => ({ itemIdentifier })),
});

it('returns only the failed records of a standard queue, which are processed concurrently', async () => {
  const started: string[] = [];
  const answer = processBatch(batch('orders'), async ({ messageId }) => {
    started.push(messageId);
    await undefined;
    return messageId !== 'm2';
  });
  expect(started).toEqual(['m1', 'm2', 'm3']);
  expect(await answer).toEqual(ids('m2'));
});

it('returns everything from the first failure on in a FIFO queue, without processing the rest', async () => {
  const worked: string[] = [];
  const answer = await processBatch(batch('orders.fifo'), async ({ messageId }) => {
    worked.push(messageId);
    return messageId !== 'm2';
  });
  expect(answer).toEqual(ids('m2', 'm3'));
  expect(worked).toEqual(['m1', 'm2']);
});

it('has no failures for an empty batch', async () => {
  expect(await processBatch([], async () => false)).toEqual(ids());
});
