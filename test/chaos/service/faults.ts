import { BROKEN_ANSWERS } from './broken-answers.js';
import type { Exchange } from './exchange.js';
import { PAGES } from './pages.js';
import { REFUSALS } from './refusals.js';

/** A fault by name: what is done with a request in place of a good answer. */
export type FaultTable = Readonly<Record<string, (exchange: Exchange) => void>>;

const TABLES = { ...REFUSALS, ...PAGES, ...BROKEN_ANSWERS } as const;
export type ServiceFault = keyof typeof TABLES;

/** Every way in which the service, or something that answers in its place, can fail. */
export const SERVICE_FAULTS: readonly ServiceFault[] = Object.keys(TABLES) as ServiceFault[];

export function applyFault(fault: ServiceFault, exchange: Exchange): void {
  TABLES[fault](exchange);
}
