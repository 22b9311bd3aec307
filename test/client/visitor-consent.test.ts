import { expect, it } from 'vitest';
import { createRecordingClient } from '../../src/testing/recording-client.js';

const consent = { analytics: true, marketing: false };

it('every event of a visitor carries the consent, beside its own properties of the person', () => {
  const ours = createRecordingClient();
  const visitor = ours.visitor({ userId: 'v1', consent });
  visitor.track('purchase');
  visitor.track('lead', {}, { userProperties: { city: 'Bern' } });
  visitor.identify({ email: 'ada@example.org' });
  expect(visitor.consent).toEqual(consent);
  expect(ours.events.map(({ userProperties }) => userProperties)).toEqual([{ consent }, { consent, city: 'Bern' }]);
  expect(ours.identifies).toMatchObject([{ userProperties: { consent } }]);
});

it('an event’s own consent wins', () => {
  const ours = createRecordingClient();
  ours.visitor({ userId: 'v1', consent }).track('purchase', {}, { userProperties: { consent: { marketing: true } } });
  expect(ours.events[0]!.userProperties).toEqual({ consent: { marketing: true } });
});

it('a visitor from a link takes no consent along: the link may be another person’s', () => {
  const ours = createRecordingClient();
  const visitor = ours.visitor({ userId: 'v1', isFromLink: true, consent });
  visitor.track('purchase');
  expect(visitor.consent).toBeUndefined();
  expect(ours.events[0]!.userProperties).toBeUndefined();
});
