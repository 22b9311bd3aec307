/** A place in a pattern; what is `next` lies behind it. */
export type State =
  | { readonly kind: 'end' }
  | { readonly kind: 'character'; readonly fits: (character: string) => boolean; readonly next: State }
  | { readonly kind: 'edge'; readonly holds: Edge; readonly next: State }
  | { readonly kind: 'fork'; readonly nexts: readonly State[] };

/** A condition on the place between two characters; at the ends of the text one of them is missing. */
export type Edge = (before: string | undefined, after: string | undefined) => boolean;

/**
 * Tells whether the text contains a way from `start` to an end.
 *
 * All ways are walked at once, so that the time it takes is that of states times characters, whatever the pattern.
 */
export function runMachine(start: State, text: string): boolean {
  const characters = [...text];
  let arriving: State[] = [];
  for (let place = 0; place <= characters.length; place++) {
    const [before, after] = [characters[place - 1], characters[place]];
    // A match may begin anywhere. A set hands out what is added while it is walked, and each state once.
    const states = new Set([...arriving, start]);
    arriving = [];
    for (const state of states) {
      switch (state.kind) {
        case 'end':
          return true;
        case 'character':
          if (after !== undefined && state.fits(after)) arriving.push(state.next);
          break;
        case 'edge':
          if (state.holds(before, after)) states.add(state.next);
          break;
        case 'fork':
          for (const next of state.nexts) states.add(next);
      }
    }
  }
  return false;
}

/** A part of a pattern, which becomes states once it is known what follows it. */
export interface Piece {
  /** How many states at most. */
  readonly size: number;
  before(next: State): State;
}

// [A] Its counted repeats written out, no pattern somebody wrote by hand comes to more.
const MAX_STATES = 500;

function limited(size: number, before: Piece['before']): Piece {
  if (size > MAX_STATES) throw new SyntaxError(`longer than ${MAX_STATES} characters once its repeats are written out`);
  return { size, before };
}

export function character(fits: (character: string) => boolean): Piece {
  return limited(1, (next) => ({ kind: 'character', fits, next }));
}

export function edge(holds: Edge): Piece {
  return limited(1, (next) => ({ kind: 'edge', holds, next }));
}

export function sequence(pieces: readonly Piece[]): Piece {
  return limited(sizeOf(pieces), (next) => pieces.reduceRight((following, piece) => piece.before(following), next));
}

export function alternatives(pieces: readonly Piece[]): Piece {
  return limited(sizeOf(pieces) + 1, (next) => ({ kind: 'fork', nexts: pieces.map((piece) => piece.before(next)) }));
}

/** From `min` to `max` times the piece; without a `max`, any number of times from `min` on. */
export function repeat(piece: Piece, min: number, max: number | undefined): Piece {
  const optional = (max ?? min + 1) - min;
  return limited((piece.size + 1) * (min + optional), (next) => {
    let state = next;
    if (max === undefined) {
      const nexts = [next];
      state = { kind: 'fork', nexts };
      nexts.push(piece.before(state));
    } else {
      for (let copy = 0; copy < optional; copy++) state = { kind: 'fork', nexts: [next, piece.before(state)] };
    }
    for (let copy = 0; copy < min; copy++) state = piece.before(state);
    return state;
  });
}

function sizeOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { size }) => sum + size, 0);
}
