import { BROKEN_ANSWERS } from './broken-answers.js';
import type { Exchange } from './exchange.js';
import { PAGES } from './pages.js';
import { REFUSALS } from './refusals.js';

/** Faults by name. Each one answers a request, or fails to. */
export type FaultTable = Readonly<Record<string, (exchange: Exchange) => void>>;

const TABLES = { ...REFUSALS, ...PAGES, ...BROKEN_ANSWERS } as const;
export type ServiceFault = keyof typeof TABLES;

/** Every fault of the service, or of something that answers in its place. */
export const SERVICE_FAULTS: readonly ServiceFault[] = Object.keys(TABLES) as ServiceFault[];

export function applyFault(fault: ServiceFault, exchange: Exchange): void {
  TABLES[fault](exchange);
}
