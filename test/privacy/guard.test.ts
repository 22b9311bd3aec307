import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { requestHandler } from '../../src/adapters/request.js';
import type { OutgoingEvent } from '../../src/client/options.js';
import { createGuard, type GuardOptions } from '../../src/privacy/guard.js';
import { rig } from '../support/client.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a guard makes of event properties. */
function guarded(options: GuardOptions, eventProperties: object): unknown {
  const answer = createGuard(options)({ event: 'purchase', userId: 'v1', eventProperties });
  return 'refused' in answer ? answer.refused : answer.eventProperties;
}

function guardedPage(
  options: GuardOptions,
  defaultProperties: NonNullable<OutgoingEvent['defaultProperties']>,
): unknown {
  const answer = createGuard(options)({ event: 'purchase', userId: 'v1', defaultProperties });
  return 'refused' in answer ? answer.refused : answer.defaultProperties;
}

describe('the names of properties', () => {
  it('only allowed ones pass', () => {
    const properties = { allow: ['order_id', 'utm_*'] };
    expect(guarded({ properties, found: 'remove' }, { order_id: 'o1', utm_source: 'x', note: 'y' })).toEqual({
      order_id: 'o1',
      utm_source: 'x',
    });
    expect(guarded({ properties }, { note: 'y' })).toBe(
      "the property 'note' is denied: leave it out, or set found to 'remove' or 'hash'.",
    );
  });

  it('denied ones do not, however they are written and wherever they are', () => {
    const options: GuardOptions = { properties: { deny: ['date_of_birth'] }, found: 'remove' };
    expect(
      guarded(options, { dateOfBirth: 1, 'Date-Of-Birth': 2, order: { lines: [{ date_of_birth: 3, sku: 'a' }] } }),
    ).toEqual({ order: { lines: [{ sku: 'a' }] } });
  });

  it("'health' denies identifiers and diagnoses, and keeps what a purchase needs", () => {
    expect(
      guarded(
        { preset: 'health', found: 'remove' },
        { order_id: 'o1', value: 49.9, currency: 'EUR', first_name: 'x', mrn: 1, diagnosis_code: 'x', PatientId: 2 },
      ),
    ).toEqual({ order_id: 'o1', value: 49.9, currency: 'EUR' });
  });

  it('a hash replaces the value of a denied property', () => {
    expect(guarded({ properties: { deny: ['code'] }, found: 'hash' }, { code: ' ABC ' })).toEqual({
      code: sha256('abc'),
    });
  });
});

describe('values that look personal', () => {
  it.each([
    ['ada@example.org', 'an e-mail address'],
    ['+49 30 1234567', 'a phone number'],
    ['(555) 123-4567'.replace('123', '223'), 'a phone number'],
    ['123-45-6789', 'a social security number'],
    ['4111 1111 1111 1111', 'a card number'],
    [4111111111111111, 'a card number'],
    ['MRN: 0012345', 'a medical record number'],
  ])('%s refuses the event as %s, and the message names the property only', (value, kind) => {
    expect(guarded({}, { note: value })).toBe(
      `the property 'note' looks like ${kind}: leave it out, or set found to 'remove' or 'hash'.`,
    );
    expect(guarded({}, { a: [{ note: value }] })).toBe(
      `the property 'a.0.note' looks like ${kind}: leave it out, or set found to 'remove' or 'hash'.`,
    );
  });

  it('are hashed in the form in which advertising platforms hash them, alone or in a sentence', () => {
    expect(
      guarded(
        { found: 'hash' },
        { mail: 'Ada@Example.org', phone: '(555) 223-4567', note: 'To ada@example.org, please' },
      ),
    ).toEqual({
      mail: sha256('ada@example.org'),
      phone: sha256('+15552234567'),
      note: `To ${sha256('ada@example.org')}, please`,
    });
  });

  it('are found in what a whole map shows of itself', () => {
    expect(guarded({ found: 'remove' }, { toJSON: () => ({ id: 'o1', mail: 'ada@example.org' }) })).toEqual({
      id: 'o1',
    });
  });

  it('pass with values: false', () => {
    expect(guarded({ values: false }, { note: 'ada@example.org' })).toEqual({ note: 'ada@example.org' });
  });

  it('leave other values as they are: the same objects, also dates and maps with toJSON', () => {
    const order = { id: 'o1', at: new Date(0), total: { toJSON: () => '1.00' } };
    const given = { order, at: new Date(0), list: [1, 2], nothing: null, big: 10n };
    const kept = guarded({}, given) as typeof given;
    expect(kept).toEqual(given);
    expect(kept.order).toBe(order);
  });
});

describe('the page', () => {
  it('keeps campaigns and allowed parameters, and loses the others with the fragment', () => {
    expect(
      guardedPage(
        { parameters: { allow: ['plan'] } },
        {
          current_url: 'https://shop.example/a?utm_source=x&plan=pro&token=secret&gclid=1#secret',
          referrer: 'https://shop.example/search?q=secret',
          user_agent: 'x',
        },
      ),
    ).toEqual({
      current_url: 'https://shop.example/a?utm_source=x&plan=pro&gclid=1',
      referrer: 'https://shop.example/search',
      user_agent: 'x',
    });
  });

  it('a denied parameter of a campaign goes too', () => {
    expect(
      guardedPage({ parameters: { deny: ['utm_term'] } }, { current_url: 'https://a.example/?utm_term=x&b=1' }),
    ).toEqual({
      current_url: 'https://a.example/?b=1',
    });
  });

  it('loses a denied campaign in every field that repeats it, also where another name was derived from it', () => {
    const parameters = { deny: ['utm_term', 'fbclid', 'li_did'] };
    const campaign = { utm_source: 'g', utm_term: 'hiv test', fbclid: 'f', fbc: 'fb.1.1.f', clickid: 'l', li_did: 'l' };
    expect(guardedPage({ preset: 'health', parameters }, { ...campaign, UTM_Term: 'hiv test', gclid: '1' })).toEqual({
      utm_source: 'g',
      gclid: '1',
    });
    expect(guardedPage({ parameters, values: false }, campaign)).toEqual({ utm_source: 'g' });
  });

  it('keeps what advertising networks count by', () => {
    const campaign = {
      clickid: '66c8e1a0-5b1f-4f7a-9a55-0d9f4a1c2b3d',
      fbc: 'fb.1.1735689600000.IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk',
      fbp: 'fb.1.1735689600000.1116446470',
      gclid: 'Cj0KCQiA1sucBhDgARIsAFoytUtgQ0zSgIDq4T3kJcM1',
      campaign_id: '23842000000000004',
      ad_id: '120210000000000123',
    };
    expect(guardedPage({ preset: 'health' }, campaign)).toEqual(campaign);
  });

  it('has no personal value in any other field or name of one', () => {
    expect(
      guardedPage(
        {},
        {
          utm_content: 'alice@example.com',
          utm_term: '+49%2030%201234567',
          campaign_id: 4111111111111111,
          title: 'Hello ada@example.org',
          landing_page: 'https://shop.example/?phone=%2B1+555+223+4567',
          query: { mail: 'ada@example.org' },
          'ada@example.org': 'yes',
          is_bot: false,
          screen_width: 1_920,
        },
      ),
    ).toEqual({
      utm_content: 'removed',
      utm_term: 'removed',
      campaign_id: 'removed',
      title: 'Hello removed',
      landing_page: 'https://shop.example/?phone=removed',
      query: '{"mail":"removed"}',
      is_bot: false,
      screen_width: 1_920,
    });
  });

  it('is read as it will be sent: an address may be a URL, and a whole page may show itself', () => {
    const current_url = new URL('https://shop.example/?token=secret&utm_source=x');
    const options: GuardOptions = { parameters: { allow: [] } };
    const cleaned = { current_url: 'https://shop.example/?utm_source=x' };
    expect(guardedPage(options, { current_url: current_url as unknown as string })).toEqual(cleaned);
    expect(guardedPage(options, { toJSON: () => ({ current_url }) })).toEqual(cleaned);
  });

  it('keeps the browser and the session as they are', () => {
    const identity = { user_agent: 'Mozilla/5.0 (+https://bot.example; ada@example.org)', sid: '4111111111111111' };
    expect(guardedPage({ preset: 'health' }, identity)).toEqual(identity);
  });

  it('does not refuse the event where a field cannot be read', () => {
    const unreadable = {
      toJSON: () => {
        throw new Error('no');
      },
    };
    expect(guardedPage({}, { title: 'Thanks', note: unreadable })).toEqual({ title: 'Thanks' });
  });

  it('never refuses the event: personal values in it are replaced', () => {
    expect(
      guardedPage(
        { preset: 'health' },
        { title: 'Hello ada@example.org', current_url: 'https://shop.example/u/ada@example.org/thanks' },
      ),
    ).toEqual({ title: 'Hello removed', current_url: 'https://shop.example/u/removed/thanks' });
  });
});

describe('personal values in addresses', () => {
  /** What a guard makes of an address. */
  const guardedAddress = (current_url: string): unknown =>
    (guardedPage({}, { current_url }) as { current_url: unknown }).current_url;

  it.each([
    ['phone=%2B1+555+223+4567', 'phone=removed'],
    ['phone=%2B1%20555%20223%204567', 'phone=removed'],
    ['phone=+49%2030%201234567', 'phone=removed'],
    ['card=4111+1111+1111+1111', 'card=removed'],
    ['ssn=123+45+6789', 'ssn=removed'],
    ['note=MRN%3A+0012345', 'note=removed'],
    ['%2B15552234567=yes', 'removed=yes'],
    ['to=Ada+%3Cada%2540example.org%3E', 'to=removed'],
    ['next=%2Faccount%3Fphone%3D%252B15552234567', 'next=removed'],
    ['ref=a=%2B49/30/1234567&plan=pro', 'ref=removed&plan=pro'],
  ])('are found as forms and browsers encode them: %s', (query, cleaned) => {
    expect(guardedAddress(`https://shop.example/thanks?${query}&utm_source=x`)).toBe(
      `https://shop.example/thanks?${cleaned}&utm_source=x`,
    );
  });

  it('are found in encoded segments of a path', () => {
    const pathname = '/u/%2B15552234567/thanks';
    expect(guardedPage({}, { pathname, current_url: `https://shop.example${pathname}` })).toEqual({
      pathname: '/u/removed/thanks',
      current_url: 'https://shop.example/u/removed/thanks',
    });
  });

  it('are found next to a bad encoding, which does no harm alone', () => {
    expect(guardedAddress('https://shop.example/?q=100%+%2B15552234567')).toBe('https://shop.example/?q=removed');
    const bad = 'https://shop.example/%E0%A4%A/%?q=%&r=%FF+%zz';
    expect(guardedAddress(bad)).toBe(bad);
  });

  it('leave everything else as it was written', () => {
    const ordinary = 'https://shop.example/caf%C3%A9/a+b?q=hiv+test&at=2026-11-30T12%3A00%3A00%2B01%3A00&n=1+2+3&e=a==';
    expect(guardedAddress(ordinary)).toBe(ordinary);
  });
});

describe('in a client', () => {
  it('no denied parameter and no personal value of an address reaches the service by any field', async () => {
    const guard = createGuard({ preset: 'health', parameters: { deny: ['utm_term', 'li_did'] } });
    const { client, collector } = await rig({ guard });
    const query = 'utm_source=g&utm_term=hiv+test&utm_content=alice%40example.com&li_did=lead-7&fbclid=%2B15552234567';
    const shop = requestHandler(client, async ({ visitor }) => {
      await visitor.track('booked').settled();
      return new Response();
    });
    const headers = { cookie: 'ours_device_id=v1', referer: `https://clinic.example/?${query}` };
    await shop(new Request(`https://clinic.example/book?${query}`, { headers }));
    expect(collector.events()).toMatchObject([{ defaultProperties: { utm_source: 'g', utm_content: 'removed' } }]);
    expect(JSON.stringify(collector.events())).not.toMatch(/hiv|alice|lead-7|5552234567/);
  });

  it('the guard sees what beforeSend returns, and an outcome names the field', async () => {
    const { client, outcomes, warnings } = await rig({
      guard: createGuard(),
      beforeSend: (event) => ({ ...event, eventProperties: { added: 'ada@example.org' } }),
    });
    client.track({ event: 'purchase', userId: 'v1', distinctId: 'purchase:1' });
    expect(outcomes).toEqual([
      expect.objectContaining({
        status: 'rejected',
        code: 'guarded',
        distinctId: 'purchase:1',
        message: expect.stringContaining("the property 'added' looks like an e-mail address"),
      }),
    ]);
    expect(warnings.join()).toContain("track 'purchase': the property 'added' looks like an e-mail address");
  });

  it('a name or an id that looks personal is not repeated', async () => {
    const { client, outcomes, warnings } = await rig({ guard: createGuard() });
    client.track({ event: 'mail to ada@example.org', userId: 'v1' });
    client.track({ event: 'purchase', userId: 'v1', distinctId: 'purchase:ada@example.org' });
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.code)).toEqual([
      'guarded_name',
      'guarded_name',
    ]);
    expect(JSON.stringify([outcomes, warnings])).not.toContain('ada@');
  });

  it('an identify passes: names of a person belong there', async () => {
    const { client, collector } = await rig({ guard: createGuard({ preset: 'health' }) });
    client.identify({ userId: 'v1', email: 'ada@example.org', userProperties: { first_name: 'Ada' } });
    await client.flush();
    expect(collector.events()).toHaveLength(1);
  });

  it('a guard that throws refuses the event without its message', async () => {
    const { client, outcomes } = await rig({
      guard: () => {
        throw new Error('secret');
      },
    });
    client.track({ event: 'purchase', userId: 'v1' });
    expect(outcomes).toEqual([expect.objectContaining({ status: 'rejected', code: 'guarded' })]);
    expect(JSON.stringify(outcomes)).not.toContain('secret');
  });
});

describe('wrong options', () => {
  it.each([
    [{ preset: 'hipaa' }, "preset must be 'health'"],
    [{ found: 'drop' }, "found must be 'refuse', 'remove' or 'hash'"],
    [{ values: 1 }, 'values must be true or false'],
    [{ parameters: { deny: 'token' } }, 'parameters.deny must be a list of names'],
    [{ parameters: { allow: 'plan' } }, 'parameters.allow must be a list of names'],
    [{ properties: { allow: 'order_id' } }, 'properties.allow must be a list of names'],
    [{ properties: { deny: ['a*b'] } }, "properties.deny has 'a*b': * may stand only at the end of a name"],
    [{ property: {} }, 'property'],
    [{ properties: { allowed: ['order_id'] } }, /properties has an unknown option: 'allowed' \(did you mean allow\?\)/],
    [{ parameters: { denied: ['plan'] } }, /parameters has an unknown option: 'denied' /],
    [{ properties: ['order_id'] }, 'properties must be an object with allow, deny or both; got an array.'],
    [{ parameters: null }, 'parameters must be an object with allow, deny or both; got null.'],
  ])('%j is refused', (options, message) => {
    expect(() => createGuard(options as GuardOptions)).toThrow(message);
  });
});

it('takes time in proportion to the text, whatever the text is', () => {
  // The number of steps cannot be read from a regular expression; a quadratic one would not end within the test's time.
  const hostile = [
    'a@'.repeat(250_000),
    '1 '.repeat(250_000),
    '+1'.repeat(250_000),
    `${'a'.repeat(500_000)}@`,
    'MRN '.repeat(125_000),
  ];
  for (const text of hostile) expect(guarded({ found: 'remove' }, { text })).toEqual({ text });
  const encoded = ['%25'.repeat(100_000), '%+'.repeat(100_000), `?${'a=%2B&'.repeat(50_000)}`];
  for (const title of encoded) expect(guardedPage({}, { title })).toEqual({ title });
});

describe('a nested value that is already JSON', () => {
  const items = [{ id: 'o1', diagnosis: 'hiv' }, { id: 'ada@example.org' }];
  const options = { preset: 'health', properties: { allow: ['items', 'id'] } } as const;

  it('is treated like the value itself', () => {
    expect(guarded(options, { items: JSON.stringify(items) })).toBe(guarded(options, { items }));
    const kept = { items: JSON.stringify([{ id: 'o1' }, {}]) };
    expect(guarded({ ...options, found: 'remove' }, { items: JSON.stringify(items) })).toEqual(kept);
    expect(guarded({ ...options, found: 'remove' }, { items: { id: JSON.stringify(items) } })).toEqual({
      items: { id: kept.items },
    });
  });

  it('is also searched as it is written, and stays so where nothing was found', () => {
    const fine = '[ {"id": 12345678901234567890} ]';
    expect(guarded(options, { items: fine })).toEqual({ items: fine });
    expect(guarded(options, { items: '{"id":"ada@example.org","id":"o1"}' })).toContain('e-mail address');
    expect(guarded(options, { items: '{"id":"ada\\u0040example.org"}' })).toContain('e-mail address');
    expect(guarded(options, { items: '{id: ada@example.org' })).toContain('e-mail address');
  });
});

it('reads a nested value once, however deep it is', () => {
  let nested: object = { mail: 'ada@example.org', id: 'o1' };
  for (let level = 0; level < 1_000; level++) nested = level % 2 === 0 ? { nested } : [nested];
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  const kept = JSON.stringify(guarded({ found: 'remove' }, { nested }));
  expect(kept).toContain('{"id":"o1"}');
  expect(kept).not.toContain('ada@');
  expect(parse).toHaveBeenCalledTimes(1);
});

describe('an event that is too long to look through', () => {
  let tower: object = {};
  for (let floor = 0; floor < 20; floor++) tower = { left: tower, right: tower };
  const half = 'a'.repeat(300_000);
  const long: readonly [string, object][] = [
    ['a nested value', { tower }],
    ['a text', { note: half + half }],
    ['a name', { [half + half]: 1 }],
    ['many short properties', Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`p${index}`, 1]))],
    ['several values together', { one: half, another: [half] }],
  ];

  it.each(
    long.flatMap(([name, map]) => [[name, 'eventProperties', map] as const, [name, 'defaultProperties', map] as const]),
  )('%s in %s: is refused like without a guard', async (_, field, map) => {
    for (const guard of [undefined, createGuard()]) {
      const { client, outcomes } = await rig({ guard });
      client.track({ event: 'note', userId: 'v1', [field]: map });
      expect(outcomes).toEqual([expect.objectContaining({ status: 'rejected', code: 'event_too_large' })]);
    }
  });

  it('is described without its content', () => {
    expect(guarded({}, { tower })).toBe(
      'the event is too long to look through: its properties and its page may have 524288 characters each. Send a reference instead of the content.',
    );
  });
});
