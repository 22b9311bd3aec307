import { describe, expect, it } from 'vitest';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../../src/protocol/wire.js';
import { ask, createWorld, NOW, type World } from './page-world.js';

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

/** A world with the string in every field. */
function worldOf(text: string): World {
  const properties = { [text]: text, [`${text} nested`]: { [text]: [text] } };
  // Such names are refused for experiments, but events may have any name.
  const sound = text.replace(/[\p{Cc}\p{Cs}]/gu, '?');
  const world = createWorld([
    {
      key: sound,
      id: `id ${sound}`,
      name: `name ${sound}`,
      variants: [{ name: `A ${sound}` }, { name: `B ${sound}`, id: `b ${sound}` }],
      primary: `goal ${sound}`,
      secondary: [`secondary ${sound}`],
      urls: [text],
      query: [{ parameter: sound, operator: 'equals', value: text }],
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
      eventProperties: { experiment_key: sound, variant_name: `A ${sound}` },
      defaultProperties: { sid: text },
    },
    { ...everything, event: IDENTIFY_EVENT, defaultProperties: { sid: text } },
    { ...everything, event: `goal ${sound}`, distinctId: text, defaultProperties: { sid: text, ...properties } },
    { ...everything, event: `goal ${sound}`, distinctId: text },
    { ...everything, event: text, eventProperties: { [text]: text }, defaultProperties: {} },
  );
  world.refused.push({ receivedAt: NOW, message: text });
  return world;
}

/** Every tag with the names of its attributes, which must not depend on the values. */
function skeletonOf(page: string): string[] {
  return (page.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""'));
}

function pagesOf(text: string): Record<string, string> {
  const world = worldOf(text);
  const query = encodeURIComponent(text.replace(/\p{Cs}/gu, ''));
  const get = (path: string) => ask(world, 'GET', path).text;
  const path = /href="(\/experiments\/[^"]*)" class="name"/.exec(get('/experiments'))![1]!.replaceAll('&#39;', "'");
  const typed = ['key', 'name', 'type', 'variant', 'weight', 'control', 'primary', 'secondary', 'urls', 'parameter'];
  const form = [...typed, 'operator', 'value', 'visitors', 'allocation'].map((name): [string, string] => [name, text]);
  const create = () => ({ status: 400, message: text }) as const;
  return {
    events: get('/'),
    narrowed: get(`/?event=${query}nothing&visitor=${query}`),
    visitor: get('/visitors/1'),
    experiments: get('/experiments'),
    experiment: get(path),
    otherEvent: get(`${path}?eventName=${query}`),
    stop: get(`${path}/stop`),
    winner: get(`${path}/winner`),
    form: ask(createWorld([], { create }), 'POST', '/experiments/new', { form }).text,
    stream: (() => {
      let sent = '';
      ask(world, 'GET', '/events/live').stream?.((part) => {
        sent += part;
      })();
      return sent;
    })(),
  };
}

describe('a hostile string', () => {
  const harmless = pagesOf('harmless');

  it.each(HOSTILE)('is nothing but text wherever it stands: %j', (text) => {
    for (const [name, page] of Object.entries(pagesOf(text))) {
      expect([name, ...skeletonOf(page)]).toEqual([name, ...skeletonOf(harmless[name]!)]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the test checks that they are removed.
      expect(page).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202e]/);
    }
  });

  it('creates no link', () => {
    const links = Object.values(pagesOf('javascript:alert(1)')).flatMap((page) =>
      page.match(/(?:href|src|action)="[^"]*"/g),
    );
    for (const link of links) expect(link).toMatch(/^(?:(?:href|src|action)="\/|href="#main")/);
  });
});

describe('the pages', () => {
  const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

  it.each(['/', '/visitors/1', '/visitors/9', '/experiments', '/experiments/new', '/experiments/x', '/events/live'])(
    'only load their own files, without inline scripts and styles: %s',
    (path) => {
      const { headers, text } = ask(worldOf('x'), 'GET', path);
      expect(headers).toMatchObject({ 'content-security-policy': policy, 'x-content-type-options': 'nosniff' });
      expect(text).not.toMatch(/<script(?! defer src="\/assets\/)|<style| style="| on[a-z]+="/);
    },
  );
});
