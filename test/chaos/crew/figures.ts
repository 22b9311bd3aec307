import { type Books, maxMemoryMb } from '../books/books.js';
import type { ChaosService } from '../service/service.js';
import type { Crew } from './crew.js';

/** The totals of a run, by name. */
export function figuresOf(
  books: Books,
  { truth }: ChaosService,
  crew: Crew,
  settledMs: number,
  wasBusyAt: (at: number) => boolean,
): Record<string, number> {
  const accounts = [...books.accounts.values()];
  const told = accounts.flatMap(({ told: words }) => words);
  return {
    processes: crew.size,
    kills: crew.kills,
    events: accounts.length,
    confirmed: accounts.filter(({ isConfirmed }) => isConfirmed).length,
    arrived: truth.tracks.size + truth.identifies.size,
    repeated: truth.repeats,
    outcomes: told.length,
    'outcomes that are not delivered': told.filter(({ status }) => status !== 'delivered').length,
    'settled after s': Math.round(settledMs / 1_000),
    'most memory, MB': Math.max(...[...books.diarists.values()].map(maxMemoryMb)),
    'order not judged': truth.contradictions.filter(({ kind, at }) => kind === 'order' && wasBusyAt(at)).length,
  };
}
