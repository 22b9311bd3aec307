// A function's host and its function in one process: it answers one request by the rules that `HOST` names, and freezes.
import { writeSync } from 'node:fs';
import { lambdaHandler, type WithVisitor } from '../../../src/adapters/lambda.js';
import { requestHandler } from '../../../src/adapters/request.js';
import { createClient, type Visitor } from '../../../src/index.js';

// Nothing is sent automatically while the process runs.
const ours = createClient({ flushIntervalMs: 3_600_000 });
const cookie = 'ours_device_id=v';

function buy(visitor: Visitor): string {
  for (let index = 0; index < 250; index += 1) visitor.track('purchase', {}, { distinctId: `e${index}` });
  visitor.identify({ userProperties: { city: 'Bern' } });
  return 'bought';
}

/** A host that freezes as soon as it has answered. */
async function lambda(): Promise<void> {
  const handler = lambdaHandler(ours, async ({ visitor }: { headers: object } & WithVisitor) => buy(visitor));
  freezeAfter(await handler({ headers: { cookie } }, {}));
}

/** A host that freezes as soon as it has answered and what `waitUntil` was given has settled. */
async function worker(): Promise<void> {
  const promises: Promise<unknown>[] = [];
  const handler = requestHandler(
    ours,
    async ({ visitor }: Request & WithVisitor, _env: object, _context: object) => new Response(buy(visitor)),
  );
  const context = { waitUntil: (promise: Promise<unknown>) => void promises.push(promise) };
  const answer = await handler(new Request('https://shop.example/', { headers: { cookie } }), {}, context);
  const text = await answer.text();
  await Promise.all(promises);
  freezeAfter(text);
}

/** The host of `lambda` with a function that has no adapter. */
async function unadapted(): Promise<void> {
  freezeAfter(buy(ours.visitor({ userId: 'v' })));
}

/** The answer is out, whole, before the process stops. */
function freezeAfter(answer: string): void {
  writeSync(1, `${answer}\n`);
  process.kill(process.pid, 'SIGSTOP');
}

const hosts = { lambda, worker, unadapted };
await hosts[process.env.HOST as keyof typeof hosts]();
