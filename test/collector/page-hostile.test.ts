import { describe, expect, it } from 'vitest';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../src/protocol/wire.js';
import { ask, createWorld, NOW, OWN_FORM, type World } from './page-world.js';

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  'javascript:alert(1)',
  '</textarea></title></style><script>alert(1)</script>',
  '&lt;script&gt;&#0;',
  '\u0000\u0008\u001b[2J\u007f\u0085\u202e',
  '{{alert(1)}}<!-- <![CDATA[',
  '\ud83d half of a character',
  '__proto__',
];

/** A world with the text in every field there is. */
function worldOf(text: string): World {
  const properties = { [text]: text, [`${text} nested`]: { [text]: [text] } };
  const world = createWorld([
    {
      key: text,
      id: `id ${text}`,
      name: `name ${text}`,
      variants: [{ name: `A ${text}` }, { name: `B ${text}`, id: `b ${text}` }],
      primary: `goal ${text}`,
      secondary: [`secondary ${text}`],
      urls: [text],
      query: [{ parameter: text, operator: 'equals', value: text }],
      startedAt: NOW - 1000,
    },
  ]);
  const everything = {
    userId: `user ${text}`,
    externalId: `external ${text}`,
    email: `email ${text}`,
    userProperties: properties,
    identityContext: { ip: text, userAgent: text },
  };
  world.arrive(
    {
      ...everything,
      event: IMPRESSION_EVENT,
      ago: 900,
      eventProperties: { experiment_key: text, variant_name: `A ${text}` },
      defaultProperties: { sid: text },
    },
    { ...everything, event: IDENTIFY_EVENT, defaultProperties: { sid: text } },
    { ...everything, event: `goal ${text}`, distinctId: text, defaultProperties: { sid: text, ...properties } },
    { ...everything, event: `goal ${text}`, distinctId: text },
    { ...everything, event: text, eventProperties: { [text]: text }, defaultProperties: {} },
  );
  world.refused.push({ receivedAt: NOW, message: text });
  return world;
}

/** Every tag with the names of its attributes: what the values say must make no difference to it. */
function skeletonOf(page: string): string[] {
  return (page.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'));
}

function pagesOf(text: string): Record<string, string> {
  const world = worldOf(text);
  const query = encodeURIComponent(text.replace(/\p{Cs}/gu, ''));
  const get = (path: string) => ask(world, 'GET', path).text;
  const path = /href="(\/experiments\/[^"]*)" class="name"/.exec(get('/experiments'))![1]!;
  // Half a character survives no address: the experiment is opened by what its link can say of it.
  const isAskable = ask(world, 'GET', path).status === 200;
  const typed = ['key', 'name', 'type', 'variant', 'weight', 'control', 'primary', 'secondary', 'urls', 'parameter'];
  const form = [...typed, 'operator', 'value', 'visitors', 'allocation'].map((name): [string, string] => [name, text]);
  const create = () => ({ status: 400, message: text }) as const;
  return {
    events: get(`/?event=${query}`),
    narrowed: get(`/?event=nothing&visitor=${query}`),
    visitor: get('/visitors/0'),
    experiments: get('/experiments'),
    ...(isAskable && {
      experiment: get(path),
      otherEvent: get(`${path}?eventName=${query}`),
      stop: get(`${path}/stop`),
      winner: get(`${path}/winner`),
    }),
    form: ask(createWorld([], { create }), 'POST', '/experiments/new', { headers: OWN_FORM, form }).text,
    stream: (() => {
      let sent = '';
      ask(world, 'GET', '/events/live').stream?.((part) => {
        sent += part;
      })();
      return sent;
    })(),
  };
}

describe('a hostile text', () => {
  const harmless = pagesOf('harmless');

  it.each(HOSTILE)('is nothing but text wherever it stands: %j', (text) => {
    for (const [name, page] of Object.entries(pagesOf(text))) {
      expect([name, ...skeletonOf(page)]).toEqual([name, ...skeletonOf(harmless[name]!)]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that they are gone is the point.
      expect(page).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202e]/);
    }
  });

  it('makes no link', () => {
    const links = Object.values(pagesOf('javascript:alert(1)')).flatMap((page) =>
      page.match(/(?:href|src|action)="[^"]*"/g),
    );
    for (const link of links) expect(link).toMatch(/^(?:(?:href|src|action)="\/|href="#main")/);
  });
});

describe('the pages', () => {
  const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

  it.each(['/', '/visitors/0', '/visitors/9', '/experiments', '/experiments/new', '/experiments/x', '/events/live'])(
    'let nothing load but their own files, and bring no script or style within: %s',
    (path) => {
      const { headers, text } = ask(worldOf('x'), 'GET', path);
      expect(headers).toMatchObject({ 'content-security-policy': policy, 'x-content-type-options': 'nosniff' });
      expect(text).not.toMatch(/<script(?! defer src="\/assets\/)|<style| style="| on[a-z]+="/);
    },
  );

  it.each(['evil.example', 'evil.example:6877', '127.0.0.1.evil.example', undefined])(
    'are not to be read by a site that pointed its name here: %s',
    (host) => {
      const answer = ask(worldOf('secret'), 'GET', '/', { headers: { host: host as string } });
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain('secret');
    },
  );

  it.each(['127.0.0.1:6877', 'localhost:6877', '[::1]:6877', '192.168.1.7', 'ours.localhost', 'collector:6877'])(
    'open by the name %s',
    (host) => {
      expect(ask(worldOf('x'), 'GET', '/', { headers: { host } }).status).toBe(200);
    },
  );
});

describe('a button', () => {
  const press = (headers: Record<string, string>) =>
    ask(worldOf('x'), 'POST', '/experiments/x/start', { headers }).status;

  it.each([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
    ['a page without an origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a site that only says it is another', { 'sec-fetch-site': 'cross-site' }],
    ['another site, in a browser that says no more', { origin: 'https://evil.example' }],
    ['a page without an origin, in a browser that says no more', { origin: 'null' }],
    ['nobody knows whom', {}],
  ])('cannot be pressed by %s', (_, headers) => {
    // The actions of this world throw when they are reached.
    expect(press(headers)).toBe(403);
  });

  it.each([
    ['the page', OWN_FORM],
    ['the page, in a browser that only sends the origin', { origin: OWN_FORM.origin }],
    ['the page, in a browser that only sends the site', { 'sec-fetch-site': 'same-origin' }],
  ])('can be pressed by %s', (_, headers) => {
    expect(() => press(headers)).toThrow('nothing should have been done');
  });
});
