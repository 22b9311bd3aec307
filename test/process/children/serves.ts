// A server that would run for ever, with events on their way.
import { createServer } from 'node:http';
import { createClient } from '../../../src/index.js';

const ours = createClient();
ours.track({ event: 'purchase', userId: 'v' });
createServer().listen(0, '127.0.0.1', () => {
  const listeners = (['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection'] as const).map((name) =>
    process.listenerCount(name),
  );
  console.log(JSON.stringify(listeners));
});
