import { isDeepStrictEqual } from 'node:util';
import type { SQSRecord } from 'aws-lambda';
import { demonstrate } from '../simulation/world.js';
import { invocation, startGateway } from './gateway.js';
import { createQueue } from './queue.js';
import { createWeb } from './web.js';

/** Events not delivered when the function was frozen. */
let unsent = 0;

await demonstrate(
  (world) =>
    startGateway(createWeb(world), async () => {
      unsent += (await world.ours.flush({ timeoutMs: 0 })).pending;
    }),
  async ({ ours, collector }) => {
    const queue = createQueue(ours);
    const receive = (...records: SQSRecord[]) => queue({ Records: records }, invocation());
    const answer = await receive(
      message('m1', '{"id":"demo-1"}'),
      message('m2', '{"id":"demo-2"}'),
      message('m3', 'not a booking'),
    );
    const again = await receive(message('m2', '{"id":"demo-2"}'));

    const problems = unsent === 0 ? [] : [`${unsent} events were not delivered when the function was frozen`];
    const expected = { batchItemFailures: [{ itemIdentifier: 'm3' }] };
    if (!isDeepStrictEqual(answer, expected)) problems.push('the unreadable message should be the only one to retry');
    if (!isDeepStrictEqual(again, { batchItemFailures: [] })) problems.push('a repeated message is rejected');
    const leads = collector.report().events.filter(({ event }) => event.event === 'lead');
    if (leads.length === 2) console.log('Both bookings of the queue arrived, each once.');
    else problems.push(`2 bookings were in the queue, ${leads.length} arrived`);
    return problems;
  },
);

function message(messageId: string, body: string): SQSRecord {
  const text = (stringValue: string) => ({ stringValue, dataType: 'String' });
  return {
    messageId,
    receiptHandle: messageId,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(Date.now()),
      SenderId: 'local',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: { visitor: text('0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10'), session: text('1732398000123') },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:local:000000000000:bookings',
    awsRegion: 'local',
  };
}
