import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAlarm } from '../../src/delivery/alarm.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const monotonic = () => performance.now();

describe('an alarm', () => {
  it('fires once, at the earliest of its times', () => {
    const ring = vi.fn();
    const alarm = createAlarm(monotonic, ring);
    alarm.setIn(500);
    alarm.setIn(200);
    alarm.setIn(300);
    vi.advanceTimersByTime(199);
    expect(ring).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('can be set again from its own call, with a single timer', () => {
    const ring = vi.fn(() => alarm.setIn(100));
    const alarm = createAlarm(monotonic, ring);
    alarm.setIn(100);
    vi.advanceTimersByTime(350);
    expect(ring).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('never fires after it was stopped', () => {
    const ring = vi.fn();
    const alarm = createAlarm(monotonic, ring);
    alarm.setIn(100);
    alarm.stop();
    alarm.setIn(100);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(ring).not.toHaveBeenCalled();
  });
});
