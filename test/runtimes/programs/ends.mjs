// Tracks, tracks once more when it has run out of work, and closes nothing.
import { createClient } from 'ours-ingest';
import { optionsFor } from './exercise.mjs';

// Nothing leaves before the end.
const ours = createClient({ ...optionsFor(process.env.COLLECTOR), flushIntervalMs: 3_600_000 });
ours.track({ event: 'purchase', userId: 'v' });
process.once('beforeExit', () => void ours.track({ event: 'farewell', userId: 'v' }));
