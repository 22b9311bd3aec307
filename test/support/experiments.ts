import type { Collector, ExperimentConfig } from '../../src/collector/index.js';
import type { Client } from '../../src/index.js';

/** An experiment with the control `classic` and the variant `one_page`. */
export const CHECKOUT: ExperimentConfig = {
  key: 'checkout',
  id: 'e1',
  variants: [
    { name: 'classic', id: 'v1' },
    { name: 'one_page', id: 'v2' },
  ],
};

/** A visitor whom the service gives this variant. Nothing is recorded. */
export async function visitorIn(client: Client, variantName: string, experimentKey = 'checkout'): Promise<string> {
  for (let at = 0; at < 1_000; at += 1) {
    const userId = `visitor-${at}`;
    const assignment = await client.assign(experimentKey, { userId, record: false });
    if (assignment.variantName === variantName) return userId;
  }
  throw new Error(`none of 1,000 visitors is in '${variantName}'`);
}

/** The visitors of the recorded exposures, in their order. */
export function exposedVisitors(collector: Collector): (string | undefined)[] {
  return collector
    .events()
    .filter(({ event }) => event === '$experiment_impression')
    .map(({ userId }) => userId);
}
