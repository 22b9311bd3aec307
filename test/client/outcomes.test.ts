import { expect, it, vi } from 'vitest';
import type { ClientContext } from '../../src/client/context.js';
import { createOutcomeReporter } from '../../src/client/outcomes.js';
import { createWarnOnce } from '../../src/core/logger.js';

const REJECTED = { status: 'rejected', code: 'invalid_field', message: 'userId is missing.' } as const;

function reporter(onOutcome?: () => void) {
  const warned: string[] = [];
  const warnings = createWarnOnce({ warn: (message) => void warned.push(message) }, () => 0);
  const context = { options: { onOutcome }, randomId: () => 'generated', warnings };
  return { ...createOutcomeReporter(context as unknown as ClientContext), warned };
}

it('names a refused event by its own fields, and generates an id if it has none', () => {
  const { refuse } = reporter();
  expect(refuse('track', { event: 'purchase', distinctId: 'purchase:1' }, REJECTED)).toEqual({
    kind: 'track',
    event: 'purchase',
    distinctId: 'purchase:1',
  });
  expect(refuse('identify', { distinctId: 7 }, REJECTED)).toEqual({
    kind: 'identify',
    event: 'identify',
    distinctId: 'generated',
  });
});

it('names an input whose fields throw', () => {
  const hostile = new Proxy({}, { get: () => expect.unreachable() });
  expect(reporter().refuse('track', hostile, REJECTED)).toMatchObject({ event: 'track', distinctId: 'generated' });
});

it('warns about a rejected event and reports it', () => {
  const onOutcome = vi.fn();
  const { refuse, warned } = reporter(onOutcome);
  const info = refuse('track', { event: 'purchase' }, REJECTED);
  expect(onOutcome).toHaveBeenCalledExactlyOnceWith(REJECTED, info);
  expect(warned).toEqual([expect.stringContaining("track 'purchase': userId is missing. The event is not sent.")]);
});

it('does not warn about an event that beforeSend drops', () => {
  const { refuse, warned } = reporter();
  refuse('track', { event: 'purchase' }, { status: 'dropped', reason: 'before_send' });
  expect(warned).toEqual([]);
});
