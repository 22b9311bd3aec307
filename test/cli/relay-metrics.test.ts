import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toPrometheusText } from '../../src/cli/relay-metrics.js';
import { readPrometheus } from './prometheus-check.js';

describe('metrics for Prometheus', () => {
  it('are written in its text format', () => {
    const text = toPrometheusText([
      { name: 'up', type: 'gauge', help: 'Whether it is.', samples: [{ value: 1 }] },
      {
        name: 'seen_total',
        type: 'counter',
        help: 'A \\ and a\nline.',
        samples: [
          { labels: { status: 'delivered', reason: '' }, value: 3 },
          { labels: { status: 'a "quoted"\n\\', reason: 'é' }, value: 1.5 },
        ],
      },
    ]);
    expect(text).toBe(`# HELP up Whether it is.
# TYPE up gauge
up 1
# HELP seen_total A \\\\ and a\\nline.
# TYPE seen_total counter
seen_total{status="delivered",reason=""} 3
seen_total{status="a \\"quoted\\"\\n\\\\",reason="é"} 1.5
`);
  });

  it('can be parsed, whatever is in a label, a help text or a value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.double({ noNaN: true, min: 0, max: 1e300 }),
        (label, help, value) => {
          const samples = readPrometheus(
            toPrometheusText([{ name: 'x', type: 'gauge', help, samples: [{ labels: { label }, value }, { value }] }]),
          );
          expect([...samples.values()]).toEqual([value, value]);
        },
      ),
    );
  });
});
