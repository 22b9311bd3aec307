import {
  alternatives,
  character,
  type Edge,
  edge,
  type Piece,
  repeat,
  runMachine,
  sequence,
} from './pattern-machine.js';

/** Tells whether a text contains what the pattern describes. */
export type Pattern = (text: string) => boolean;

/** [A] Hardly a page's address is longer; a longer text contains nothing. UTF-16 code units. */
export const MAX_MATCHED_LENGTH = 2048;

/**
 * Compiles a regular expression, in JavaScript's notation with the flag `u`, to one that cannot hang the collector.
 *
 * Patterns come from whoever may post experiments and texts from whoever visits, and `RegExp` tries one way after the
 * other: thirty characters keep it busy for years. What cannot be matched by walking the text once is refused.
 *
 * @throws SyntaxError for what is no regular expression, for look-around and back-references, and for huge repeats; its
 * message never repeats the pattern.
 */
export function compilePattern(source: string): Pattern {
  if (!isRegExp(source)) throw new SyntaxError('no regular expression');
  const start = parse(source).before({ kind: 'end' });
  return (text) => text.length <= MAX_MATCHED_LENGTH && runMachine(start, text);
}

function isRegExp(source: string): boolean {
  try {
    return new RegExp(source, 'u').unicode;
  } catch {
    return false;
  }
}

// A group's start, a class, an escape, a quantifier or one character. That each is whole was RegExp's to check.
const TOKEN = new RegExp(
  [
    /\(\?:|\(\?<(?![=!])[^>]*>|\(\?|\(/,
    /\[(?:\\.|[^\]\\])*\]/,
    /\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u\{[^}]*\}|u.{4}|x..|c.|[pP]\{[^}]*\}|k<[^>]*>|[1-9]\d*|.)/,
    /[*+?]\??|\{\d+(?:,\d*)?\}\??/,
    /[\s\S]/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gu',
);

const EDGES: ReadonlyMap<string, Edge> = new Map<string, Edge>([
  ['^', (before) => before === undefined],
  ['$', (_, after) => after === undefined],
  ['\\b', (before, after) => isWord(before) !== isWord(after)],
  ['\\B', (before, after) => isWord(before) === isWord(after)],
]);

function isWord(character: string | undefined): boolean {
  return character !== undefined && /^\w$/.test(character);
}

/** Alternatives are sequences of quantified atoms, and an atom may be alternatives in brackets. */
function parse(source: string): Piece {
  const tokens = source.match(TOKEN) ?? [];
  let place = 0;

  const readAlternatives = (): Piece => {
    const pieces = [readSequence()];
    for (; tokens[place] === '|'; pieces.push(readSequence())) place += 1;
    return alternatives(pieces);
  };
  const readSequence = (): Piece => {
    const pieces: Piece[] = [];
    for (let token = tokens[place]; token !== undefined && token !== '|' && token !== ')'; token = tokens[place]) {
      place += 1;
      const atom = readAtom(token);
      const bounds = boundsOf(tokens[place]);
      if (bounds !== undefined) place += 1;
      pieces.push(bounds === undefined ? atom : repeat(atom, ...bounds));
    }
    return sequence(pieces);
  };
  const readAtom = (token: string): Piece => {
    if (token === '(?' || /^\\[1-9k]/.test(token)) {
      throw new SyntaxError('look-around and back-references are not supported: they can take forever');
    }
    if (token.startsWith('(')) {
      const group = readAlternatives();
      place += 1;
      return group;
    }
    const holds = EDGES.get(token);
    return holds === undefined ? character(testOf(token)) : edge(holds);
  };
  return readAlternatives();
}

/** How often an atom may stand there; whether lazily or greedily makes no difference to whether it matches. */
function boundsOf(quantifier: string | undefined): [min: number, max: number | undefined] | undefined {
  switch (quantifier?.[0]) {
    case '*':
      return [0, undefined];
    case '+':
      return [1, undefined];
    case '?':
      return [0, 1];
    case '{': {
      const [min = '', max = min] = quantifier.replace(/[{}?]/g, '').split(',');
      return [Number(min), max === '' ? undefined : Number(max)];
    }
    default:
      return undefined;
  }
}

/** On a single character RegExp cannot lose its way: classes and escapes are left to it. */
function testOf(token: string): (character: string) => boolean {
  if (token !== '.' && !/^(\\|\[.)/su.test(token)) return (character) => character === token;
  const one = new RegExp(`^${token}$`, 'u');
  return (character) => one.test(character);
}
