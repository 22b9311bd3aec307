export { createFakeClock, type FakeClock, type FakeClockOptions } from './fake-clock.js';
export { type CreateOutbox, type OutboxCase, outboxContract } from './outbox-contract.js';
export {
  createRecordingClient,
  type RecordedAssignment,
  type RecordedEvent,
  type RecordedIdentify,
  type RecordingClient,
  type RecordingOptions,
} from './recording-client.js';
