import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { currentVisitor, sqsHandler, type WithVisitor } from '../../src/adapters/lambda.js';
import type { Visitor } from '../../src/index.js';
import { arrived, rig } from '../support/client.js';
import { holdTime } from '../support/held-time.js';
import { lambdaContext, sqsRecord } from './lambda-events.js';

const HOUR_MS = 3_600_000;
const ON_LAMBDA = { platform: { env: { AWS_LAMBDA_FUNCTION_NAME: 'shop' } }, flushIntervalMs: HOUR_MS };
const visitorOf = ({ messageAttributes }: SQSRecord) => ({ userId: messageAttributes.visitor?.stringValue });

async function world(handle: (record: SQSRecord & WithVisitor) => unknown, options: object = {}) {
  const { client, collector, warnings } = await rig(ON_LAMBDA);
  const told: string[] = [];
  const logger = { warn: (message: string) => void told.push(message) };
  const handler = sqsHandler(client, handle, { visitorOf, logger, ...options });
  const receive = (...records: SQSRecord[]) => handler({ Records: records }, lambdaContext());
  return { collector, warnings, told, receive };
}

const buy = ({ visitor, messageId }: { visitor: Visitor; messageId: string }) =>
  visitor.track('purchase', {}, { distinctId: `purchase:${messageId}` });

describe('a handler of SQS records', () => {
  it('has each record’s visitor, also as currentVisitor(), and delivers before it answers', async () => {
    const current: unknown[] = [];
    const { collector, warnings, receive } = await world(async (record) => {
      await undefined;
      buy(record);
      current.push(currentVisitor()?.userId);
    });
    expect(await receive(sqsRecord('m1', 'ada'), sqsRecord('m2', 'bob'))).toEqual({ batchItemFailures: [] });
    expect(collector.events().map(({ userId, distinctId }) => [userId, distinctId])).toEqual([
      ['ada', 'purchase:m1'],
      ['bob', 'purchase:m2'],
    ]);
    expect(current).toEqual(['ada', 'bob']);
    expect(warnings).toEqual([]);
  });

  it('returns only the records that failed', async () => {
    const { collector, told, receive } = await world((record) => {
      if (record.messageId === 'm2') throw new RangeError('ada@example.org');
      buy(record);
    });
    const answer = await receive(sqsRecord('m1', 'a'), sqsRecord('m2', 'b'), sqsRecord('m3', 'c'));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm2' }] });
    expect(arrived(collector)).toEqual(['purchase:m1', 'purchase:m3']);
    expect(told).toEqual([expect.stringMatching(/the handler threw on SQS message m2 \(RangeError\)/)]);
    expect(told.join()).not.toContain('ada');
  });

  it('keeps the order of a FIFO queue: everything from the first failure on is redelivered', async () => {
    const seen: string[] = [];
    const { receive } = await world(async ({ messageId }) => {
      await undefined;
      seen.push(messageId);
      if (messageId === 'm2') throw new Error('not now');
    });
    const answer = await receive(...['m1', 'm2', 'm3'].map((id) => sqsRecord(id, 'v', 'orders.fifo')));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm2' }, { itemIdentifier: 'm3' }] });
    expect(seen).toEqual(['m1', 'm2']);
  });

  it('returns a record whose event is not safe, if the handler awaits it', async () => {
    const { collector, receive } = await world((record) => buy(record).stored({ timeoutMs: 5_000 }), {
      flushTimeoutMs: 0,
    });
    collector.faults.next({ kind: 'hang' });
    const time = holdTime();
    const answer = receive(sqsRecord('m1', 'v'));
    await time.pass(5_000);
    expect(await time.settle(answer)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
  });

  it('returns a record whose visitor cannot be read without calling the handler, so that it reaches the dead-letter queue', async () => {
    const worked: string[] = [];
    const { told, receive } = await world(({ messageId }) => void worked.push(messageId), {
      visitorOf: ({ messageId }: SQSRecord) => JSON.parse(messageId === 'm1' ? '{ ada@example.org' : '{}'),
    });
    expect(await receive(sqsRecord('m1', 'v'), sqsRecord('m2', 'v'))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    });
    expect(worked).toEqual(['m2']);
    expect(told).toEqual([expect.stringMatching(/visitorOf threw on SQS message m1 \(SyntaxError\)/)]);
    expect(told.join()).not.toContain('ada');
  });

  it('does not call visitorOf without consent', async () => {
    const { receive } = await world(({ visitor }) => expect(visitor.userId).toBeUndefined(), {
      consent: () => false,
      visitorOf: () => expect.unreachable(),
    });
    expect(await receive(sqsRecord('m1', 'v'))).toEqual({ batchItemFailures: [] });
  });

  it('continues with a record that has no visitor', async () => {
    const { receive } = await world(({ visitor }) => expect(visitor.userId).toBeUndefined(), { visitorOf: () => ({}) });
    expect(await receive(sqsRecord('m1', 'v'))).toEqual({ batchItemFailures: [] });
  });

  it.each([undefined, null, 'v', false])(
    'returns a record whose visitor is no object, as one that cannot be read: %j',
    async (visitor) => {
      const { told, receive } = await world(() => expect.unreachable(), { visitorOf: () => visitor });
      expect(await receive(sqsRecord('m1', 'v'))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
      expect(told).toEqual([expect.stringMatching(/visitorOf threw on SQS message m1 \(TypeError\)/)]);
    },
  );

  it('passes errors of the handler and of visitorOf to onError', async () => {
    const heard: unknown[] = [];
    const { told, receive } = await world(
      () => {
        throw new Error('not now');
      },
      { onError: (error: Error, { messageId }: SQSRecord) => void heard.push(messageId, error.message) },
    );
    await receive(sqsRecord('m1', 'v'));
    expect(heard).toEqual(['m1', 'not now']);
    expect(told).toEqual([]);
    const unread = await world(() => undefined, {
      visitorOf: () => {
        throw new Error('no body');
      },
      onError: (error: Error) => void heard.push(error.message),
    });
    await unread.receive(sqsRecord('m1', 'v'));
    expect(heard.at(-1)).toBe('no body');
  });

  it('continues if onError throws', async () => {
    const fail = () => {
      throw new Error('not now');
    };
    const { receive } = await world(({ messageId }) => messageId === 'm1' && fail(), { onError: fail });
    expect(await receive(sqsRecord('m1', 'v'), sqsRecord('m2', 'v'))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    });
  });

  it('reports a missing visitorOf at set-up', async () => {
    await expect(world(() => undefined, { visitorOf: undefined })).rejects.toThrow(/visitorOf must be a function/);
  });
});
