import { expect, it } from 'vitest';
import { createProviderStatus } from '../../../src/adapters/openfeature/status.js';
import type { Assignment } from '../../../src/assignment/assignment.js';
import { OursError } from '../../../src/core/errors.js';

const assigned = { inExperiment: true, reason: 'assigned' } as Assignment;
const sticky = { inExperiment: true, reason: 'sticky' } as Assignment;
const failed = (message = 'HTTP 500.'): Assignment => ({
  inExperiment: false,
  experimentKey: 'checkout',
  reason: 'fallback',
  error: new OursError('assignment_failed', message),
});

function world() {
  let ms = 0;
  const status = createProviderStatus(() => ms);
  const told: string[] = [];
  for (const event of ['READY', 'STALE', 'ERROR']) {
    status.events.addHandler(`PROVIDER_${event}`, () => told.push(event));
  }
  return {
    told,
    note: (...assignments: Assignment[]) => {
      for (const assignment of assignments) status.note(assignment);
    },
    advance: (by: number) => {
      ms += by;
    },
  };
}

it('an outage is one STALE and one ERROR, however many visitors it has', () => {
  const { told, note } = world();
  note(assigned, sticky, sticky, failed(), sticky, failed());
  expect(told).toEqual(['STALE', 'ERROR']);
});

it('single answers in an outage do not end it; answers 5 s after the last failure do', () => {
  const { told, note, advance } = world();
  note(failed(), assigned);
  advance(4_999);
  note(assigned, failed());
  advance(4_999);
  note(assigned);
  expect(told).toEqual(['ERROR']);
  advance(1);
  note(assigned, assigned);
  expect(told).toEqual(['ERROR', 'READY']);
  note(sticky);
  expect(told).toEqual(['ERROR', 'READY', 'STALE']);
});

it('an unknown experiment, a disabled client or an unknown visitor says nothing about the service', () => {
  const { told, note, advance } = world();
  const disabled = { inExperiment: false, experimentKey: 'checkout', reason: 'fallback' } as const;
  const unknown = { inExperiment: false, experimentKey: 'checkout', reason: 'no_visitor' } as const;
  note(failed("no assignment for experiment 'chekout': unknown experiment (HTTP 404)."), disabled, unknown);
  expect(told).toEqual([]);
  note(failed());
  advance(60_000);
  note(unknown, disabled);
  expect(told).toEqual(['ERROR']);
  note({ inExperiment: false, experimentKey: 'checkout', reason: 'not_assigned' });
  expect(told).toEqual(['ERROR', 'READY']);
});
