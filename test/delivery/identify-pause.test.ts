import { describe, expect, it } from 'vitest';
import { createIdentifyPause } from '../../src/delivery/identify-pause.js';
import type { SendResult } from '../../src/transport/send-result.js';

type Failure = SendResult & { readonly kind: 'retryable' };
const PAGE: Failure = { kind: 'retryable', scope: 'intermediary', reason: 'HTTP 403' };
const BUSY: Failure = { kind: 'retryable', scope: 'service', reason: 'HTTP 503' };

function pauseWith(random = 0) {
  const clock = { now: 0 };
  const pause = createIdentifyPause(
    () => random,
    () => clock.now,
  );
  return {
    clock,
    pause,
    /** Lets it begin. */
    begin(failure = PAGE) {
      pause.failed(failure, 5, false);
      pause.answered('track');
      pause.failed(failure, 5, false);
    },
  };
}

describe('the pause of identifies', () => {
  it('begins with the second failure in a row, if events were taken a moment ago', () => {
    const { clock, pause } = pauseWith();
    pause.answered('track');
    clock.now = 59_999;
    pause.failed(BUSY, 5, false);
    expect([pause.isOn, pause.isEndpointOnly]).toEqual([false, true]);
    pause.failed(BUSY, 5, false);
    expect(pause.isOn).toBe(true);
    clock.now = 60_000;
    expect(pause.isEndpointOnly, 'it may be an outage').toBe(false);
  });

  it('begins with the second failure in a row, if events were taken since the first', () => {
    const { clock, pause } = pauseWith();
    pause.answered('track');
    clock.now = 60_000;
    for (let at = 0; at < 5; at += 1) pause.failed(PAGE, 5, false);
    expect(pause.isOn, 'an outage').toBe(false);
    pause.answered('track');
    expect(pause.isOn).toBe(false);
    pause.failed(PAGE, 5, false);
    expect(pause.isOn).toBe(true);
  });

  it('does not begin if an identify was answered in between', () => {
    const { pause } = pauseWith();
    for (let at = 0; at < 5; at += 1) {
      pause.failed(PAGE, 5, false);
      pause.answered('track');
      pause.answered('identify');
    }
    expect(pause.isOn).toBe(false);
  });

  it('ends with an identify that is answered', () => {
    const { pause, begin } = pauseWith();
    begin();
    pause.answered('track');
    expect(pause.isOn).toBe(true);
    pause.answered('identify');
    expect([pause.isOn, pause.lastsMs, pause.admit()]).toEqual([false, 0, true]);
  });

  it('counts how long it lasts while events are taken, and of an outage a minute', () => {
    const { clock, pause, begin } = pauseWith();
    begin();
    clock.now = 30_000;
    expect(pause.lastsMs).toBe(0);
    pause.answered('track');
    expect(pause.lastsMs).toBe(30_000);
    clock.now = 7_200_000;
    pause.answered('track');
    expect(pause.lastsMs).toBe(90_000);
  });

  it.each<[string, Failure, number, number, number]>([
    ['half a second after a failure that may be of its own making', PAGE, 0, 5, 500],
    ['up to a second later', PAGE, 1, 5, 1_500],
    ['with a backoff after an overload', BUSY, 1, 5, 1_000],
    ['when the endpoint says so', { ...BUSY, afterMs: 30_000 }, 0.5, 5, 30_000],
    ['half a second later when the endpoint asks for no pause', { ...BUSY, afterMs: 0 }, 0.5, 5, 500],
    ['after four times as long as a slow failure took', PAGE, 0, 10_000, 40_000],
  ])('admits the next try %s', (_, failure, random, tookMs, waitMs) => {
    const { clock, pause, begin } = pauseWith(random);
    begin();
    clock.now = 60_000;
    expect(pause.admit()).toBe(true);
    expect(pause.admit(), 'one at a time').toBe(false);
    pause.failed(failure, tookMs, true);
    clock.now += waitMs - 1;
    expect(pause.admit()).toBe(false);
    clock.now += 1;
    expect(pause.admit()).toBe(true);
  });

  it('admits another try when nobody has reported the end of the last for two minutes', () => {
    const { clock, pause, begin } = pauseWith();
    begin();
    clock.now = 1_000;
    expect(pause.admit()).toBe(true);
    clock.now = 120_999;
    expect(pause.admit()).toBe(false);
    clock.now = 121_000;
    expect(pause.admit()).toBe(true);
  });

  it('retries an identify after two seconds for each try so far, at most five minutes', () => {
    const { pause, begin } = pauseWith();
    begin();
    const waits = Array.from({ length: 200 }, () => {
      pause.failed(PAGE, 5, true);
      return pause.retryMs;
    });
    expect([waits[0], waits[1], waits[10], waits[199]]).toEqual([2_000, 4_000, 22_000, 300_000]);
  });

  it('puts events aside for five milliseconds for each, between a second and five minutes', () => {
    const { clock, pause } = pauseWith();
    expect(pause.asideMs(100)).toBe(1_000);
    expect(pause.asideMs(900)).toBe(5_000);
    expect(pause.asideMs(1_000)).toBe(10_000);
    // In the next round it already knows how many they are.
    clock.now = 10_000;
    expect(pause.asideMs(100)).toBe(10_000);
    expect(pause.asideMs(1_000_000)).toBe(300_000);
  });

  it('puts few events aside for a second although an earlier pause held many', () => {
    const { clock, pause, begin } = pauseWith();
    begin();
    pause.asideMs(100);
    pause.asideMs(60_000);
    pause.answered('identify');
    clock.now = 24 * 60 * 60_000;
    begin();
    expect(pause.asideMs(10)).toBe(1_000);
  });
});
