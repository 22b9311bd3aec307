import { describe, expect, it } from 'vitest';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../../src/protocol/wire.js';
import { ask, createWorld, type Sent, textOf } from './page-world.js';

const MINUTE = 60_000;
const checkout = { key: 'checkout', variants: [{ name: 'Control' }, { name: 'Treatment' }] };
const shown = { experiment_key: 'checkout', variant_name: 'Treatment' };

function sent(event: string, minutesAgo: number, sid?: string): Sent {
  const defaultProperties = sid === undefined ? {} : { sid };
  return { event, userId: 'visitor-1', ago: minutesAgo * MINUTE, defaultProperties };
}

/** Each section of the page: its heading, then its rows. */
function sectionsOf(page: string): string[][] {
  return page
    .split('<section class="session-block')
    .slice(1)
    .map((section) => [
      textOf(/<h2.*?<\/h2>/s.exec(section)![0]),
      ...[...section.matchAll(/<div class="line">(.*?)<\/div>/gs)].map(([, line]) => textOf(line!)),
    ]);
}

describe('the page of a visitor', () => {
  it('shows the sessions in order of event time, whatever the order of arrival', () => {
    const world = createWorld([checkout]);
    world.arrive(sent('purchase', 10, '1'), sent('page_view', 5, '2'), sent('page_view', 30, '1'), {
      ...sent(IMPRESSION_EVENT, 29, '1'),
      eventProperties: shown,
    });
    const { text } = ask(world, 'GET', '/visitors/1');
    expect(sectionsOf(text)).toEqual([
      [
        'Session 1',
        'start page_view 30 min old stored no experiment measures it',
        '+ 1 min $experiment_impression 29 min old impression was shown Treatment of checkout',
        '+ 20 min purchase 10 min old counted after the impression, in the same session',
      ],
      ['Session 2', 'start page_view 5 min old stored no experiment measures it'],
    ]);
  });

  it('shows events outside a session separately', () => {
    const world = createWorld([checkout]);
    world.arrive({ ...sent(IMPRESSION_EVENT, 90, '1'), eventProperties: shown }, sent('purchase', 2));
    const [, outside] = sectionsOf(ask(world, 'GET', '/visitors/1').text);
    expect(outside).toEqual([
      'Outside any session',
      '2026-03-14 11:58:00 purchase 2 min old not counted no session (defaultProperties.sid)',
    ]);
  });

  it('shows an impression without a session in the session that it joined', () => {
    const world = createWorld([checkout]);
    world.arrive(
      sent('page_view', 200, '1'),
      { ...sent(IMPRESSION_EVENT, 99), eventProperties: shown },
      sent('page_view', 100, '2'),
    );
    const sections = sectionsOf(ask(world, 'GET', '/visitors/1').text);
    expect(sections.map((steps) => steps.length)).toEqual([2, 3]);
    expect(sections[1]?.[2]).toContain('nearest browser activity');
  });

  it('shows it in the session that it counts in, although a refused row is nearer', () => {
    const world = createWorld([checkout]);
    world.arrive(
      { ...sent('purchase', 40), userId: 'visitor-2', distinctId: 'x' },
      sent('page_view', 20, 'A'),
      { ...sent('purchase', 10, 'B'), distinctId: 'x', source: 'other' },
      { ...sent(IMPRESSION_EVENT, 9), eventProperties: shown },
      { ...sent('purchase', 8, 'A'), distinctId: 'y' },
    );
    expect(sectionsOf(ask(world, 'GET', '/visitors/2').text)).toEqual([
      [
        'Session A',
        expect.stringContaining('page_view'),
        expect.stringContaining('was shown Treatment'),
        expect.stringContaining('counted after the impression, in the same session'),
      ],
      ['Session B', expect.stringContaining('purchase')],
    ]);
  });

  it('shows it in the session that it joined, although that session’s activity is not among the latest events', () => {
    const world = createWorld([checkout]);
    const reports = Array.from({ length: 499 }, (_, i) => sent(`e${i}`, 9));
    world.arrive(sent('page_view', 30, '1'), { ...sent(IMPRESSION_EVENT, 10), eventProperties: shown }, ...reports);
    const [session, outside] = sectionsOf(ask(world, 'GET', '/visitors/1').text);
    expect(session).toEqual(['Session 1', expect.stringContaining('was shown Treatment')]);
    expect(outside).toHaveLength(500);
  });

  it('lists the visitor’s names', () => {
    const world = createWorld();
    world.arrive({ ...sent(IDENTIFY_EVENT, 1), externalId: 'a:b', email: 'Ada@example.org' });
    const names = [
      ...ask(world, 'GET', '/visitors/1').text.matchAll(/class="kind">(.*?)<\/span>\s*<span class="name">(.*?)</g),
    ];
    expect(names.map(([, kind, name]) => [kind, name])).toEqual([
      ['user', 'visitor-1'],
      ['external', 'a:b'],
      ['email', 'ada@example.org'],
    ]);
  });

  it('limits the number of events and names', () => {
    const world = createWorld();
    world.arrive(...Array.from({ length: 700 }, (_, i) => sent(`e${i}`, 700 - i, '1')));
    const { text } = ask(world, 'GET', '/visitors/1');
    expect(text).toContain('Only the latest 500 events are shown.');
    expect(sectionsOf(text)[0]).toHaveLength(501);
    expect(text).toContain('>e699<');
    expect(text).not.toContain('>e199<');
  });

  it('counts all of the visitor’s sessions, also those that it does not show', () => {
    const world = createWorld([checkout]);
    world.arrive(
      ...Array.from({ length: 600 }, (_, i) => sent('page_view', 700 - i, `s${i}`)),
      { ...sent(IMPRESSION_EVENT, 99), eventProperties: shown },
      sent('purchase', 1),
    );
    expect(textOf(ask(world, 'GET', '/visitors/1').text)).toContain('602 events in 600 sessions');
  });

  it.each(['17', '-1', '1e3', '0x1', '%00', '99999999999999999999'])('is a 404 for the number %s', (number) => {
    const world = createWorld();
    world.arrive(sent('page_view', 1));
    expect(ask(world, 'GET', `/visitors/${number}`).status).toBe(404);
  });
});
