import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSkewedClock } from '../../src/delivery/clock.js';

const NOW = Date.UTC(2026, 2, 14, 12);
const httpDate = (ms: number): string => new Date(ms).toUTCString();

/** A clock whose machine is `ms` ahead of the service, and one exchange of 100 ms with it. */
function fastBy(ms: number) {
  const clock = createSkewedClock(() => NOW + ms);
  const exchange = (roundTripMs = 100, date: string | undefined = httpDate(NOW)): void =>
    clock.learn(date, NOW + ms, NOW + ms + roundTripMs);
  return { clock, exchange };
}

describe('the service’s clock', () => {
  it('is this machine’s until something else is known', () => {
    expect(createSkewedClock(() => NOW).read()).toEqual({ local: NOW, service: NOW });
  });

  it('is learned from one answer to within a second, ahead or behind', () => {
    for (const skew of [3_600_000, -3_600_000, 10_000, -10_000]) {
      const { clock, exchange } = fastBy(skew);
      exchange();
      const { local, service } = clock.read();
      expect(local).toBe(NOW + skew);
      expect(Math.abs(service - NOW)).toBeLessThanOrEqual(1000);
    }
  });

  it('is this machine’s where the difference may be the rounding of the header or the way there and back', () => {
    for (const [skew, roundTripMs] of [
      [1_500, 100],
      [-1_500, 100],
      [4_000, 8_000],
    ] as const) {
      const { clock, exchange } = fastBy(skew);
      exchange(roundTripMs, httpDate(NOW + roundTripMs / 2));
      expect(clock.skewMs).toBe(0);
    }
  });

  it('is not unlearned by an answer without a date or with one that makes no sense', () => {
    const { clock, exchange } = fastBy(60_000);
    exchange();
    const learned = clock.skewMs;
    clock.learn(undefined, NOW, NOW);
    clock.learn('garbage', NOW, NOW);
    expect(clock.skewMs).toBe(learned);
    expect(learned).not.toBe(0);
  });

  it('does not wander: an answer that fits what was learned changes nothing', () => {
    const { clock, exchange } = fastBy(60_000);
    exchange();
    const learned = clock.skewMs;
    for (const second of [-1, 1]) exchange(100, httpDate(NOW + second * 1000));
    expect(clock.skewMs).toBe(learned);
  });

  it('follows a machine whose clock was set right', () => {
    let now = NOW + 60_000;
    const clock = createSkewedClock(() => now);
    clock.learn(httpDate(NOW), now, now);
    expect(clock.skewMs).not.toBe(0);
    now = NOW;
    clock.learn(httpDate(NOW), now, now);
    expect(clock.skewMs).toBe(0);
    expect(clock.read()).toEqual({ local: NOW, service: NOW });
  });

  it('is off by no more than the header’s rounding and the last way there and back allow', () => {
    const day = 86_400_000;
    const ways = fc.record({ there: fc.integer({ min: 0, max: 10_000 }), back: fc.integer({ min: 0, max: 10_000 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: -day, max: day }),
        fc.array(ways, { minLength: 1, maxLength: 40, size: 'max' }),
        (fastMs, exchanges) => {
          let time = NOW;
          const clock = createSkewedClock(() => time + fastMs);
          for (const { there, back } of exchanges) {
            const sentAt = time + fastMs;
            time += there;
            const date = httpDate(time);
            time += back;
            clock.learn(date, sentAt, time + fastMs);
            expect(Math.abs(clock.read().service - time)).toBeLessThanOrEqual(2_500 + there + back);
          }
        },
      ),
    );
  });
});
