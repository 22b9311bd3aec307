// Values that must not pass a guard, and values that should, drawn from a seed.

export type Draw = (max: number) => number;

/** A small generator (mulberry32), so that a failure can be repeated. */
export function createDraw(seed: number): Draw {
  let state = seed;
  return (max) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * max;
  };
}

const pick = <Item>(draw: Draw, items: readonly Item[]): Item => items[Math.floor(draw(items.length))]!;
const digits = (draw: Draw, count: number): string =>
  Array.from({ length: count }, () => Math.floor(draw(10))).join('');
const between = (draw: Draw, low: number, high: number): number => low + Math.floor(draw(high - low + 1));

const NAMES = ['ada', 'grace.hopper', 'josé', 'mary-jane', "o'neil", 'x', 'müller_99', 'first.last+news'];
const DOMAINS = ['example.org', 'mail.example.co.uk', 'clinic.example', 'bücher.example', 'sub.domain.example.com'];

function email(draw: Draw): string {
  const address = `${pick(draw, NAMES)}${digits(draw, 3)}@${pick(draw, DOMAINS)}`;
  return pick(draw, [address, address.toUpperCase(), address.replace('@', '%40')]);
}

function phone(draw: Draw): string {
  const area = between(draw, 200, 999);
  const office = between(draw, 200, 999);
  const line = digits(draw, 4);
  return pick(draw, [
    `+1${area}${office}${line}`,
    `+1 (${area}) ${office}-${line}`,
    `(${area}) ${office}-${line}`,
    `${area}-${office}-${line}`,
    `${area}.${office}.${line}`,
    `1-${area}-${office}-${line}`,
    `+49 30 ${digits(draw, 7)}`,
    `+44 20 7${digits(draw, 3)} ${digits(draw, 4)}`,
    `+33 6 ${[0, 1, 2, 3].map(() => digits(draw, 2)).join(' ')}`,
  ]);
}

function ssn(draw: Draw): string {
  const area = pick(draw, [between(draw, 1, 665), between(draw, 667, 899)]);
  const group = between(draw, 1, 99);
  const serial = between(draw, 1, 9_999);
  const parts = [String(area).padStart(3, '0'), String(group).padStart(2, '0'), String(serial).padStart(4, '0')];
  return parts.join(pick(draw, ['-', ' ']));
}

function card(draw: Draw): string {
  const [prefix, length] = pick(draw, [
    ['4', 16],
    ['51', 16],
    ['2221', 16],
    ['34', 15],
    ['6011', 16],
    ['3530', 16],
    ['36', 14],
  ] as const);
  const body = prefix + digits(draw, length - prefix.length - 1);
  const number = body + luhnDigit(body);
  const separator = pick(draw, ['', '', ' ', '-']);
  return separator === '' ? number : number.replace(/(\d{4})(?=\d)/g, `$1${separator}`);
}

function luhnDigit(body: string): number {
  const sum = [...body].reverse().reduce((total, text, at) => {
    const digit = Number(text) * (at % 2 === 0 ? 2 : 1);
    return total + (digit > 9 ? digit - 9 : digit);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

function mrn(draw: Draw): string {
  const number = digits(draw, between(draw, 5, 10));
  return pick(draw, [
    `MRN ${number}`,
    `MRN: ${number}`,
    `mrn#${number}`,
    `Medical record number ${number}`,
    `MRN-${number}`,
  ]);
}

const PERSONAL = [email, phone, ssn, card, mrn];

/** A value that must not pass, and what a search for it in any output looks for. */
export interface Personal {
  readonly value: unknown;
  readonly needle: string;
}

/** The value alone, in a sentence, in a list, or deep inside. */
export function personalValues(draw: Draw, count: number): Personal[] {
  return Array.from({ length: count }, (_, at) => {
    const needle = PERSONAL[at % PERSONAL.length]!(draw);
    const shapes: readonly unknown[] = [
      needle,
      `  ${needle}\n`,
      `Call or write: ${needle}, thanks`,
      [`first`, needle],
      { note: needle },
      { items: [{ deep: { text: `(${needle})` } }] },
    ];
    const isNumber = /^\d{13,15}$/.test(needle);
    return { value: isNumber && at % 2 === 0 ? Number(needle) : pick(draw, shapes), needle };
  });
}

/** Ordinary values of a shop by kind. */
export const ORDINARY: Readonly<Record<string, (draw: Draw) => string | number>> = {
  'order ids': (draw) =>
    pick(draw, [
      `order_${digits(draw, 10)}`,
      `ORD-${digits(draw, 8)}`,
      `#${digits(draw, 6)}`,
      `${digits(draw, 3)}-${digits(draw, 7)}-${digits(draw, 7)}`,
      `SO${digits(draw, 12)}`,
    ]),
  'order ids of 16 digits': (draw) => digits(draw, 16),
  'order ids of 10 digits': (draw) => digits(draw, 10),
  UUIDs: (draw) => {
    const hex = Array.from({ length: 32 }, () => Math.floor(draw(16)).toString(16)).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  },
  dates: (draw) => {
    const date = new Date(between(draw, 1_500_000_000, 1_900_000_000) * 1000).toISOString();
    return pick(draw, [
      date,
      date.slice(0, 10),
      date.slice(0, 10).replaceAll('-', '.'),
      date.slice(0, 10).replaceAll('-', ''),
    ]);
  },
  amounts: (draw) =>
    pick(draw, [
      Number((draw(10_000) + 0.01).toFixed(2)),
      `${between(draw, 1, 999)},${digits(draw, 3)}.${digits(draw, 2)}`,
      `€ ${digits(draw, 3)}`,
    ]),
  timestamps: (draw) => between(draw, 1_500_000_000_000, 1_900_000_000_000),
  'payment ids': (draw) => `pi_${Array.from({ length: 24 }, () => Math.floor(draw(36)).toString(36)).join('')}`,
  versions: (draw) => `${between(draw, 0, 20)}.${between(draw, 0, 99)}.${between(draw, 0, 999)}`,
  addresses: (draw) => Array.from({ length: 4 }, () => between(draw, 0, 255)).join('.'),
};
