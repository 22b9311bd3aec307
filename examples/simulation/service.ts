import { type Collector, createCollector } from 'ours-ingest/collector';

/** A local Ours service with the shops' experiment. */
export function openCollector(): Promise<Collector> {
  return createCollector({
    allowedEvents: ['page_viewed', 'purchase', 'lead'],
    experiments: [
      { key: 'checkout_redesign', variants: [{ name: 'classic' }, { name: 'one_page' }], primary: 'purchase' },
    ],
  });
}
