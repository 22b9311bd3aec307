import { expect, it } from 'vitest';
import { ProviderEvents } from '../../../src/adapters/openfeature/events.js';

it('calls the handlers of an event with its details, in their order', () => {
  const events = new ProviderEvents();
  const told: unknown[] = [];
  events.addHandler('a', (details) => told.push(['first', details]));
  events.addHandler('a', () => told.push('second'));
  events.addHandler('b', () => told.push('other'));
  events.emit('a', { message: 'm' });
  expect(told).toEqual([['first', { message: 'm' }], 'second']);
});

it('a handler that throws or rejects is logged, and the others are called', async () => {
  const events = new ProviderEvents();
  const told: unknown[] = [];
  expect(events.setLogger({ error: (message) => told.push(message) })).toBe(events);
  events.addHandler('a', () => {
    throw new Error('broken');
  });
  events.addHandler('a', () => Promise.reject(new Error('broken')));
  events.addHandler('a', () => told.push('called'));
  events.emit('a');
  await Promise.resolve();
  expect(told.toSorted()).toEqual(['A handler of a failed.', 'A handler of a failed.', 'called']);
});

it('removes one registration of a handler at a time, or all', () => {
  const events = new ProviderEvents();
  let calls = 0;
  const once = (): void => {
    calls += 1;
    events.removeHandler('a', once);
  };
  events.addHandler('a', once);
  events.addHandler('a', once);
  events.removeHandler('a', () => undefined);
  events.removeHandler('a', once);
  expect(events.getHandlers('a')).toEqual([once]);
  events.emit('a');
  events.emit('a');
  expect(calls).toBe(1);

  events.addHandler('a', once);
  events.addHandler('b', once);
  events.removeAllHandlers('a');
  expect([events.getHandlers('a'), events.getHandlers('b')]).toEqual([[], [once]]);
  events.removeAllHandlers();
  expect(events.getHandlers('b')).toEqual([]);
});

it('a handler that removes itself does not hide the next one', () => {
  const events = new ProviderEvents();
  const told: string[] = [];
  const first = (): void => {
    told.push('first');
    events.removeHandler('a', first);
  };
  events.addHandler('a', first);
  events.addHandler('a', () => told.push('second'));
  events.emit('a');
  events.emit('a');
  expect(told).toEqual(['first', 'second', 'second']);
});
