// Everything the user can pass in throws, or rejects where KIND says so, the service fails, and no promise is looked at.
import { createClient } from '../../../src/index.js';

const throws = (): never => {
  throw new Error('my own mistake');
};
// Types let an asynchronous function pass for one that returns nothing.
const rejects = async (): Promise<never> => throws();
const mistake = process.env.KIND === 'rejects' ? rejects : throws;
const secret = mistake as () => never;
const ours = createClient({
  experimentToken: 'exp_shop',
  maxQueueSize: 50,
  requestTimeoutMs: 50,
  logger: { warn: mistake },
  onOutcome: mistake,
  waitUntil: mistake,
  beforeSend: (event) => (event.event === 'secret' ? secret() : event),
});
const hostile = new Proxy({}, { get: throws, ownKeys: throws, has: throws });
for (let i = 0; i < 100; i++) ours.track({ event: i % 10 === 0 ? 'secret' : 'purchase', userId: 'v' });
for (const input of [hostile, null, undefined, 42, 'event', [], Symbol('s'), { event: 'a', userId: hostile }]) {
  ours.track(input as never);
  ours.identify(input as never);
}
const abort = new AbortController();
const { signal } = abort;
ours.flush({ signal, timeoutMs: 1 }).catch(() => undefined);
ours
  .track({ event: 'purchase', userId: 'v' })
  .settled({ signal })
  .catch(() => undefined);
ours.assign('checkout', { userId: 'v', timeoutMs: 1 });
ours.assign('checkout', { userId: 'v', signal }).catch(() => undefined);
await new Promise(setImmediate);
abort.abort(new Error('left'));
await new Promise(setImmediate);
ours.flush();
ours.close({ timeoutMs: 1_000 }).then((totals) => console.log(JSON.stringify(totals)));
ours.track({ event: 'late', userId: 'v' });
