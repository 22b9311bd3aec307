import { describe, expect, it } from 'vitest';
import { resolveExperiment } from '../../../src/collector/experiments/config.js';

const FOREVER = Number.POSITIVE_INFINITY;
const config = { key: 'checkout', variants: [{ name: 'A' }, { name: 'B' }] };

describe('a configured experiment', () => {
  it('is running since forever, with the collector’s goal', () => {
    expect(resolveExperiment(config, 'purchase', 5)).toMatchObject({
      id: 'experiment_checkout',
      name: 'checkout',
      status: 'running',
      primary: 'purchase',
      runs: [[-FOREVER, FOREVER]],
      pauses: [],
    });
  });

  it.each([
    [{ status: 'paused' }, { runs: [[-FOREVER, FOREVER]], pauses: [[5, FOREVER]] }],
    [{ status: 'completed' }, { runs: [[-FOREVER, 5]], pauses: [] }],
    [{ status: 'draft' }, { runs: [], pauses: [] }],
    [
      { startedAt: 1, stoppedAt: 3, pauses: [[1, 2]] },
      { runs: [[1, 3]], pauses: [[1, 2]] },
    ],
    [{ primary: 'signup' }, { primary: 'signup' }],
  ])('%j', (fields, expected) => {
    expect(resolveExperiment({ ...config, ...fields }, 'purchase', 5)).toMatchObject(expected);
  });

  it('names itself and the wrong field', () => {
    expect(() => resolveExperiment({ ...config, status: 'on' }, 'purchase', 5)).toThrow(
      /^experiment checkout: status: /,
    );
    expect(() => resolveExperiment({ variants: [] }, 'purchase', 5)).toThrow(/^experiment: key: /);
    expect(() => resolveExperiment(config, undefined, 5)).toThrow('"goal" for all experiments');
  });
});
