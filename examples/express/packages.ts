// In your project these two lines are `from 'ours-ingest'` and `from 'ours-ingest/collector'`. This example lives inside the
// package and runs from its sources, without a build: the only place where it differs from yours.

export { type CollectedEvent, type CollectorReport, createCollector } from '../../src/collector/index.js';
export { type Client, createClient, type Receipt, type VisitorInput } from '../../src/index.js';
