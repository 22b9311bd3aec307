import { describe, expect, it } from 'vitest';
import { createBacklog } from '../../src/delivery/backlog.js';

const ROWS = 10;
const own = () => createBacklog({ flushAt: 10, isShared: false });
const shared = () => createBacklog({ flushAt: 10, isShared: true });

describe('a backlog', () => {
  it('needs a sender for a full batch, and not before', () => {
    const backlog = own();
    backlog.add(9, false);
    expect([backlog.isFull, backlog.needsSender(0, ROWS)]).toEqual([false, false]);
    backlog.add(1, false);
    expect([backlog.isFull, backlog.needsSender(0, ROWS)]).toEqual([true, true]);
  });

  it('needs a sender for any entry after a flush or a release', () => {
    const flushed = own();
    flushed.add(1, false);
    flushed.flush();
    expect(flushed.needsSender(0, ROWS)).toBe(true);
    const released = own();
    released.add(1, true);
    expect(released.needsSender(0, ROWS)).toBe(true);
  });

  it('needs no more senders than there are batches', () => {
    const backlog = own();
    backlog.add(25, false);
    backlog.flush();
    expect([0, 1, 2, 3].map((claiming) => backlog.needsSender(claiming, ROWS))).toEqual([true, true, true, false]);
  });

  it('is no longer due when everything has been claimed', () => {
    const backlog = own();
    backlog.add(12, false);
    backlog.flush();
    backlog.noteClaim({ count: 10, fullness: 1 }, true);
    expect(backlog.needsSender(0, ROWS)).toBe(true);
    backlog.noteClaim({ count: 2, fullness: 0.2 }, true);
    expect(backlog.needsSender(0, ROWS)).toBe(false);
  });

  it('sets entries aside that a claim does not return, and counts them again after a flush', () => {
    const backlog = own();
    backlog.add(10, false);
    backlog.noteClaim({ count: 0, fullness: 0 }, true);
    expect([backlog.hasAside, backlog.needsSender(0, ROWS)]).toEqual([true, false]);
    backlog.flush();
    expect([backlog.hasAside, backlog.needsSender(0, ROWS), backlog.isFull]).toEqual([false, true, true]);
  });

  it('forgets entries of a shared outbox that another process has claimed', () => {
    const backlog = shared();
    backlog.add(10, false);
    backlog.noteClaim({ count: 0, fullness: 0 }, true);
    expect(backlog.hasAside).toBe(false);
    backlog.flush();
    expect(backlog.isFull).toBe(false);
  });

  it('keeps entries of a shared outbox that may wait for another sender of this process', () => {
    const backlog = shared();
    backlog.add(10, false);
    backlog.noteClaim({ count: 0, fullness: 0 }, false);
    expect(backlog.hasAside).toBe(true);
  });

  it('stays due behind a claim of a shared outbox that was at least half full', () => {
    const backlog = shared();
    backlog.noteClaim({ count: 5, fullness: 0.5 }, true);
    expect(backlog.needsSender(0, ROWS)).toBe(true);
    backlog.noteClaim({ count: 4, fullness: 0.4 }, true);
    expect(backlog.needsSender(0, ROWS)).toBe(false);
  });

  it('never counts fewer than no entries, although a shared outbox returns more than were appended here', () => {
    const backlog = shared();
    backlog.add(3, false);
    backlog.noteClaim({ count: 10, fullness: 0.1 }, true);
    backlog.add(9, false);
    expect(backlog.isFull).toBe(false);
  });
});
