import { expect, it } from 'vitest';
import { createRecordingClient } from '../../src/testing/recording-client.js';

const sender = {
  userId: 'sender',
  externalId: 'customer-1',
  email: 'ada@example.org',
  sessionId: '1780000000000',
  consent: { marketing: true },
  ip: '192.0.2.1',
  userAgent: 'Firefox',
  url: 'https://shop.example/gift',
};

it('an event with another visitor’s id has nothing of this visitor', () => {
  const ours = createRecordingClient();
  const visitor = ours.visitor(sender);
  visitor.track('gift_received', { value: 5 }, { userId: 'recipient', distinctId: 'gift:1' });
  visitor.identify({ userId: 'recipient', email: 'bob@example.org' });
  expect(ours.events).toEqual([
    { event: 'gift_received', eventProperties: { value: 5 }, userId: 'recipient', distinctId: 'gift:1' },
  ]);
  expect(ours.identifies).toEqual([{ userId: 'recipient', email: 'bob@example.org' }]);
});

it('an event that repeats the visitor’s own id, or gives one to a visitor without, has the visitor’s fields', () => {
  const ours = createRecordingClient();
  ours.visitor(sender).track('gift_sent', {}, { userId: 'sender' });
  ours.visitor({ ...sender, userId: undefined }).track('gift_sent', {}, { userId: 'sender' });
  const { externalId, sessionId } = sender;
  expect(ours.events).toMatchObject([
    { userId: 'sender', externalId, sessionId },
    { userId: 'sender', externalId, sessionId },
  ]);
});
