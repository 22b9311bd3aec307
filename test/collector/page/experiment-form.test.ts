import { describe, expect, it, vi } from 'vitest';
import { createCollector } from '../../../src/collector/index.js';
import { ask, createWorld } from './page-world.js';

type Fields = [string, string][];

const AB = { variants: [{ name: 'A' }, { name: 'B' }], primary: 'purchase' };

const TYPED: Fields = [
  ['key', ' checkout '],
  ['name', 'Check "out"'],
  ['type', 'multivariate'],
  ['variant', 'Control'],
  ['weight', '34'],
  ['variant', ''],
  ['weight', ''],
  ['variant', 'Treatment'],
  ['weight', ''],
  ['control', '2'],
  ['primary', 'purchase'],
  ['secondary', 'add_to_cart\r\n\r\n refund \r\n'],
  ['urls', 'https://shop.example/**'],
  ['parameter', 'utm_source'],
  ['operator', 'equals'],
  ['value', 'mail'],
  ['parameter', 'qa'],
  ['operator', 'not_exists'],
  ['value', ''],
  ['visitors', 'new'],
  ['allocation', '20'],
];

/** The values of the form, with some replaced. */
function typed(changes: Record<string, string> = {}): Fields {
  return TYPED.map(([name, value]) => [name, changes[name] ?? value]);
}

function posted(form: Fields, message = 'key: an experiment of this key exists') {
  const create = vi.fn((_input: unknown) => ({ status: 400, message }) as const);
  const { status, text } = ask(createWorld([], { create }), 'POST', '/experiments/new', { form });
  return { status, text, create };
}

function valuesOf(page: string, name: string): string[] {
  return [...page.matchAll(new RegExp(`<input name="${name}" value="([^"]*)"`, 'g'))].map(([, value]) => value!);
}

describe('the form of a new experiment', () => {
  it('starts with two variants, the first of which is the control', () => {
    const { text } = ask(createWorld(), 'GET', '/experiments/new');
    expect(valuesOf(text, 'variant')).toEqual(['', '']);
    expect(text).toContain('name="control" value="0" checked');
  });

  it('posts a design without the empty rows', () => {
    const { create } = posted(typed());
    expect(create).toHaveBeenCalledExactlyOnceWith({
      key: 'checkout',
      name: 'Check "out"',
      type: 'multivariate',
      variants: [
        { name: 'Control', weight: 34 },
        { name: 'Treatment', isControl: true },
      ],
      primary: 'purchase',
      secondary: ['add_to_cart', 'refund'],
      urls: ['https://shop.example/**'],
      query: [
        { parameter: 'utm_source', operator: 'equals', value: 'mail' },
        { parameter: 'qa', operator: 'not_exists' },
      ],
      visitors: 'new',
      allocation: 20,
    });
  });

  it('passes on strings that are not numbers, to be refused', () => {
    const { create } = posted(typed({ weight: 'half', allocation: '' }));
    expect(create.mock.calls[0]?.[0]).toMatchObject({
      variants: [{ weight: 'half' }, {}, {}],
      allocation: undefined,
    });
  });

  it('redirects to the created experiment', () => {
    const world = createWorld([{ key: 'checkout', variants: [{ name: 'A' }, { name: 'B' }] }], {
      create: () => world.experiments.list()[0]!,
    });
    const answer = ask(world, 'POST', '/experiments/new', { form: typed() });
    expect(answer).toMatchObject({ status: 303, headers: { location: '/experiments/checkout' } });
  });

  it('keeps its values after a refusal', () => {
    const { status, text } = posted(typed());
    expect(status).toBe(400);
    expect(valuesOf(text, 'name')).toEqual(['Check &quot;out&quot;']);
    expect(valuesOf(text, 'variant')).toEqual(['Control', 'Treatment']);
    expect(text).toContain('name="control" value="1" checked');
    expect(text).toContain('<option value="multivariate" selected>');
    expect(valuesOf(text, 'parameter')).toEqual(['utm_source', 'qa']);
    expect(text).toMatch(/<textarea name="secondary"[^>]*>\nadd_to_cart\r\n\r\n refund \r\n<\/textarea>/);
  });

  it.each([
    ['key: already taken', 'key'],
    ['name: too long', 'name'],
    ['variants.1.weight: expected a number', 'variants.1.weight'],
    ['primary: reserved', 'primary'],
    ['secondary.0: reserved', 'secondary'],
    ['urls.0: too long', 'urls'],
    ['query.1.value: no such pattern', 'query.1.value'],
    ['allocation: expected a number up to 100', 'allocation'],
  ])('shows "%s" next to its field', (message, id) => {
    const { text } = posted(typed(), message);
    const reason = message.split(': ')[1];
    expect(text).toContain(`<p class="notice bad" role="alert">${message}</p>`);
    expect(text).toContain(`<p class="error" id="${id}-error">${reason}</p>`);
    expect(text).toMatch(new RegExp(`id="${id}"[^>]*aria-describedby="[^"]*${id}-error"[^>]*aria-invalid="true"`));
  });

  it('shows all problems, each next to its field', async () => {
    await using collector = await createCollector({ experiments: [{ ...AB, key: 'checkout' }] });
    const body = new URLSearchParams(typed({ weight: 'half', primary: '$purchase', allocation: '200' }));
    const answer = await fetch(`${collector.url}/experiments/new`, { method: 'POST', body, redirect: 'manual' });
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toContain('things first:');
    for (const id of ['key', 'variants.0.weight', 'primary', 'allocation']) {
      expect(text, id).toContain(`<p class="error" id="${id}-error">`);
    }
    expect(text.match(/ autofocus/g)).toHaveLength(1);
    expect(text).toMatch(/id="key"[^>]* autofocus/);
  });

  it('shows a problem with the variants as a whole above them', () => {
    const { text } = posted(typed(), 'variants: the weights add up to 90');
    expect(text).toContain('<p class="error">the weights add up to 90</p>');
  });

  it('shows a message that names no field', () => {
    expect(posted(typed(), 'Too many experiments.').text).toContain('role="alert">Too many experiments.</p>');
  });

  it.each([
    ['variant', 'variant', ['Control', 'Treatment', '']],
    ['rule', 'parameter', ['utm_source', 'qa', '']],
  ])('adds a %s without a script and without creating the experiment', (add, name, expected) => {
    const { status, text, create } = posted([...typed(), ['add', add]]);
    expect(create).not.toHaveBeenCalled();
    expect(status).toBe(200);
    expect(valuesOf(text, name)).toEqual(expected);
    expect(text.match(/ autofocus/g)).toHaveLength(1);
  });
});

describe('a draft', () => {
  /** Posts a form to a collector, like its pages. */
  async function post(url: string, path: string, form: Fields = []): Promise<Response> {
    return fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  }

  it('is edited in a prefilled form, and keeps the fields that the form does not show', async () => {
    await using collector = await createCollector({
      experiments: [
        {
          key: 'checkout',
          name: 'Check out',
          status: 'draft',
          variants: [
            { name: 'Control', weight: 93, id: 'c' },
            { name: 'Treatment', weight: 7, redirectUrl: '/one-page' },
          ],
          primary: 'purchase',
          secondary: ['refund'],
          urls: ['https://shop.example/**'],
          query: [{ parameter: 'qa', operator: 'not_exists' }],
          allocation: 7,
        },
      ],
    });
    const page = await (await fetch(`${collector.url}/experiments/checkout`)).text();
    expect(page).toContain('href="/experiments/checkout/edit"');
    const form = await (await fetch(`${collector.url}/experiments/checkout/edit`)).text();
    expect(valuesOf(form, 'key')).toEqual(['checkout']);
    expect(valuesOf(form, 'variant')).toEqual(['Control', 'Treatment']);
    expect(valuesOf(form, 'weight')).toEqual(['93', '7']);
    expect(valuesOf(form, 'allocation')).toEqual(['7']);
    expect(valuesOf(form, 'parameter')).toEqual(['qa']);
    const changed: Fields = [
      ['key', 'checkout'],
      ['type', 'ab'],
      ['variant', 'Control'],
      ['weight', '60'],
      ['variant', 'Treatment'],
      ['weight', '40'],
      ['control', '0'],
      ['visitors', 'all'],
      ['allocation', '100'],
    ];
    const answer = await post(collector.url, '/experiments/checkout/edit', changed);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/experiments/checkout']);
    const saved = await (await fetch(`${collector.url}/rest/v1/experiments/experiment_checkout`)).json();
    expect(saved).toMatchObject({
      name: 'checkout',
      variants: [
        { id: 'c', weight: 60 },
        { id: 'variant_Treatment', weight: 40, redirectUrl: '/one-page' },
      ],
    });
  });

  it('lists everything it needs to start', async () => {
    await using collector = await createCollector();
    await post(collector.url, '/experiments/new', [
      ['key', 'empty'],
      ['type', 'ab'],
      ['visitors', 'all'],
    ]);
    const text = await (await fetch(`${collector.url}/experiments/empty`)).text();
    expect(text).toContain('To start, it needs a goal and two variants.');
  });

  it('is deleted after a confirmation, unlike an experiment that was started', async () => {
    const experiments = [
      { ...AB, key: 'draft', status: 'draft' as const },
      { ...AB, key: 'running' },
    ];
    await using collector = await createCollector({ experiments });
    const asked = await (await fetch(`${collector.url}/experiments/draft/delete`)).text();
    expect(asked).toContain('Delete the draft');
    expect((await post(collector.url, '/experiments/draft/delete')).headers.get('location')).toBe('/experiments');
    expect((await fetch(`${collector.url}/experiments/draft`)).status).toBe(404);
    for (const action of ['edit', 'delete']) {
      const page = await fetch(`${collector.url}/experiments/running/${action}`, { redirect: 'manual' });
      expect(page.status).toBe(303);
      expect((await post(collector.url, `/experiments/running/${action}`, typed())).status).toBe(409);
    }
    expect((await fetch(`${collector.url}/experiments/running`)).status).toBe(200);
  });
});
