import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect, it, onTestFinished } from 'vitest';
import { OursInstrumentation } from '../../src/telemetry/otel/index.js';
import { startChild } from '../support/child.js';
import { rig, until } from '../support/client.js';
import { createStore, openOutbox } from '../support/stores.js';

it('a relay in another process links its request to the span in which the event was tracked', async () => {
  const { place, remove } = await createStore('sqlite');
  onTestFinished(remove);
  const provider = new NodeTracerProvider();
  const instrumentation = new OursInstrumentation();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => {
    context.disable();
    instrumentation.disable();
  });
  const { client, collector } = await rig({ outbox: (await openOutbox(place)).outbox, relay: false });
  const span = provider.getTracer('test').startSpan('webhook');
  await context.with(trace.setSpan(context.active(), span), () =>
    client.track({ event: 'renewal', userId: 'v1' }).stored(),
  );
  const child = startChild('relay-otel', collector.baseUrl, { OUTBOX_FILE: (place as { file: string }).file });
  await until(() => collector.events().length === 1);
  child.kill('SIGTERM');
  const { stdout, stderr } = await child.end;
  expect(stderr).toBe('');
  const spans = stdout.split('\n').filter((line) => line.startsWith('{'));
  expect(spans.map((line) => JSON.parse(line))).toEqual([{ name: 'send /batch', links: [span.spanContext().spanId] }]);
});
