// Everything the user can hand in throws, the service fails, and nobody looks at any promise.
import { createClient } from '../../../src/index.js';

const mistake = (): never => {
  throw new Error('my own mistake');
};
console.log('started');
const ours = createClient({
  experimentToken: 'exp_shop',
  maxQueueSize: 50,
  requestTimeoutMs: 50,
  logger: { warn: mistake },
  onOutcome: mistake,
  waitUntil: mistake,
  beforeSend: (event) => (event.event === 'secret' ? mistake() : event),
});
const hostile = new Proxy({}, { get: mistake, ownKeys: mistake, has: mistake });
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
ours.assign('checkout', { visitorId: 'v', timeoutMs: 1 });
ours.assign('checkout', { visitorId: 'v', signal }).catch(() => undefined);
setTimeout(() => abort.abort(new Error('left')), 5);
setTimeout(() => {
  ours.flush();
  ours.close({ timeoutMs: 2_000 }).then((totals) => console.log(JSON.stringify(totals)));
  ours.track({ event: 'late', userId: 'v' });
}, 20);
