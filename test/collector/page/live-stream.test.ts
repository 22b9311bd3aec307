import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IMPRESSION_EVENT } from '../../../src/protocol/wire.js';
import { ask, createWorld, NOW, type Sent, type World } from './page-world.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function purchase(event: string): Sent {
  return { event, userId: 'visitor-1', defaultProperties: { sid: '1' } };
}

/** Collects the messages of the live events, each with its lines joined. */
function listen(world: World, path = '/events/live') {
  const messages: string[] = [];
  const answer = ask(world, 'GET', path);
  const leave = answer.stream?.((text) => {
    expect(text).toMatch(/^(?:data: [^\n\r]*\n)+\n$/);
    messages.push(text.replaceAll('data: ', ''));
  });
  return { answer, messages, leave };
}

function eventsIn(message: string | undefined): string[] {
  return [...(message ?? '').matchAll(/class="name" title="([^"]*)"/g)].map(([, name]) => name!);
}

describe('the stream of live events', () => {
  it('sends server-sent events, and starts with the current rows', () => {
    const world = createWorld();
    world.arrive(purchase('a'));
    const { answer, messages } = listen(world);
    expect(answer.headers?.['content-type']).toBe('text/event-stream');
    expect(messages.map(eventsIn)).toEqual([['a']]);
  });

  it('combines rows that arrive in quick succession into one message', () => {
    const world = createWorld();
    const { messages } = listen(world);
    world.arrive(purchase('a'));
    world.arrive(purchase('b'), purchase('c'));
    vi.runAllTimers();
    expect(messages.map(eventsIn)).toEqual([[], ['c', 'b', 'a']]);
  });

  it('honours the filter', () => {
    const world = createWorld();
    const { messages } = listen(world, '/events/live?event=purchase');
    world.arrive(purchase('purchase'), purchase('refund'));
    vi.runAllTimers();
    expect(eventsIn(messages[1])).toEqual(['purchase']);
  });

  it('updates an earlier row when a later one changes its verdict', () => {
    const world = createWorld([{ key: 'checkout', variants: [{ name: 'C' }, { name: 'T' }] }]);
    world.arrive(purchase('purchase'));
    const { messages } = listen(world);
    const eventProperties = { experiment_key: 'checkout', variant_name: 'T' };
    world.arrive({ ...purchase(IMPRESSION_EVENT), ago: 60_000, eventProperties });
    vi.runAllTimers();
    const versions = messages.map((message) => /id="event-1" [^>]*data-version="([^"]*)"/.exec(message)?.[1]);
    expect(versions[0]).not.toBe(versions[1]);
    expect(messages[0]).toContain('the visitor has no counted impression');
    expect(messages[1]).toContain('after the impression, in the same session');
  });

  it('includes refused rows', () => {
    const world = createWorld();
    const { messages } = listen(world);
    world.refused.push({ receivedAt: NOW, message: 'event: too long' });
    world.arrive();
    vi.runAllTimers();
    expect(messages[1]).toContain('event: too long');
  });

  it('keeps line breaks of a sender within their field', () => {
    const world = createWorld();
    world.arrive(purchase('a\n\ndata: b\r\rid: 1\r\n\r\nevent: c'));
    const { messages } = listen(world);
    expect(messages).toHaveLength(1);
  });

  it('pauses nine times as long as an update took, so that open pages do not slow down the collector', () => {
    let clock = NOW;
    const world = createWorld([], {}, () => clock);
    const look = vi.spyOn(world.queries, 'events').mockImplementation(() => {
      clock += 1000;
      return [];
    });
    listen(world);
    world.arrive(purchase('a'));
    vi.advanceTimersByTime(8999);
    expect(look).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(look).toHaveBeenCalledTimes(2);
  });

  it('ends when its reader disconnects', () => {
    const world = createWorld();
    const { messages, leave } = listen(world);
    world.arrive(purchase('a'));
    leave?.();
    vi.runAllTimers();
    expect(messages).toHaveLength(1);
    expect(world.listeners).toBe(0);
  });
});
