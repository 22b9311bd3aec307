import type { Context, SQSEvent } from 'aws-lambda';
import { expect, it, vi } from 'vitest';
import { createQueue } from '../../examples/lambda/queue.js';
import { createOurs } from '../../examples/shop/ours.js';
import { createCollector } from '../../src/collector/index.js';

it('the queue of the Lambda example does not retry a booking that can never be reported, and reports the others', async () => {
  await using collector = await createCollector();
  await using ours = createOurs(collector.baseUrl);
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const bookedAt = Date.now() - 3_600_000;
  const messageAttributes = { visitor: { stringValue: 'v1', dataType: 'String' } };
  // Too long for an id.
  const records = ['b1', 'x'.repeat(1_000)].map((id, i) => ({
    messageId: `m${i}`,
    eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:bookings',
    body: JSON.stringify({ id }),
    attributes: { SentTimestamp: String(bookedAt) },
    messageAttributes,
  }));
  const answer = await createQueue(ours)({ Records: records } as unknown as SQSEvent, {} as Context);
  expect(answer).toEqual({ batchItemFailures: [] });
  expect(collector.events()).toMatchObject([{ event: 'lead', distinctId: 'lead:b1', time: bookedAt }]);
  expect(error).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^A booking is not reported: /));
  error.mockRestore();
});
