import { type Collector, createCollector } from 'ours-ingest/collector';

/** Plays the Ours service for the shops, with the experiment they run. */
export function openCollector(): Promise<Collector> {
  return createCollector({
    allowedEvents: ['page_viewed', 'purchase', 'lead'],
    experiments: [
      { key: 'checkout_redesign', variants: [{ name: 'classic' }, { name: 'one_page' }], primary: 'purchase' },
    ],
  });
}
