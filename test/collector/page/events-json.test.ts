import { expect, it } from 'vitest';
import { post, started } from '../posting.js';

const variants = [{ name: 'classic' }, { name: 'one_page' }];
const experiments = [{ key: 'checkout', variants, primary: 'purchase' }];

interface Body {
  readonly events: readonly { readonly event: { readonly distinctId: string } }[];
  readonly refused: readonly unknown[];
}

async function collected() {
  const collector = await started({ experiments });
  const rows = ['a', 'b', 'c'].map((distinctId) => ({ event: 'purchase', userId: 'v', distinctId }));
  await post(collector, '/batch', { token: 'test_shop', events: [...rows, { event: 'purchase', distinctId: 'd' }] });
  const read = async (query: string) => (await (await fetch(`${collector.url}/events.json${query}`)).json()) as Body;
  const ids = async (query: string) => (await read(query)).events.map(({ event }) => event.distinctId);
  return { collector, read, ids };
}

it('says of each event what the page says', async () => {
  const { read } = await collected();
  const { events, refused } = await read('?distinctId=b');
  expect(events).toMatchObject([
    {
      number: 2,
      event: { event: 'purchase', distinctId: 'b' },
      verdict: 'not_in_experiment',
      outcome: 'not counted',
      reason: 'the visitor has no counted impression',
      warnings: [],
    },
  ]);
  expect(refused).toHaveLength(1);
});

it.each([
  ['', ['c', 'b', 'a']],
  ['?limit=2', ['c', 'b']],
  ['?before=3&limit=1', ['b']],
  ['?distinctId=nothing', []],
  ['?event=purch', ['c', 'b', 'a']],
  ['?visitor=nobody', []],
  ['?limit=no', ['c', 'b', 'a']],
])('filters by %s', async (query, expected) => {
  const { ids } = await collected();
  expect(await ids(query)).toEqual(expected);
});

it.each([
  ['100', 100],
  ['1000', 100],
  ['-1', 50],
  ['0', 50],
  ['2.5', 50],
])('never holds more than 100 events, with the limit %s', async (limit, expected) => {
  const { collector, ids } = await collected();
  const events = Array.from({ length: 100 }, (_, row) => ({ event: 'visit', userId: 'v', distinctId: `e${row}` }));
  await post(collector, '/batch', { token: 'test_shop', events });
  expect(await ids(`?limit=${limit}`)).toHaveLength(expected);
});

it('is shown to nobody who may not see the page', async () => {
  const collector = await started({ password: 'sesame' });
  expect((await fetch(`${collector.url}/events.json`)).status).toBe(401);
  const authorization = 'Bearer sesame';
  expect((await fetch(`${collector.url}/events.json`, { headers: { authorization } })).status).toBe(200);
});
