import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { OursInstrumentation } from '../../../src/telemetry/otel/index.js';
import { rig } from '../../support/client.js';
import { createStore, openOutbox } from '../../support/stores.js';

const CHECKOUT = { key: 'checkout', variants: [{ name: 'control' }, { name: 'fast' }], primary: 'purchase' };

/** The real SDK, with an instrumentation of ours registered as an application would. */
function telemetry() {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const instrumentation = new OursInstrumentation();
  const unregister = registerInstrumentations({ instrumentations: [instrumentation], tracerProvider, meterProvider });
  onTestFinished(async () => {
    unregister();
    context.disable();
    await meterProvider.shutdown();
    await tracerProvider.shutdown();
  });
  return {
    instrumentation,
    tracer: tracerProvider.getTracer('test'),
    spans: () => spans.getFinishedSpans().filter(({ name }) => name.startsWith('send ')),
    /** The data points of a metric by its name. */
    async points(name: string) {
      await reader.forceFlush();
      const metrics = exporter
        .getMetrics()
        .at(-1)!
        .scopeMetrics.flatMap((scope) => scope.metrics);
      const metric = metrics.find(({ descriptor }) => descriptor.name === name);
      return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({ attributes, value }));
    },
  };
}

describe('OpenTelemetry', () => {
  it('accepts the instrumentation as one of its own', () => {
    expectTypeOf<OursInstrumentation>().toExtend<Instrumentation>();
  });

  it('makes a span of each request, linked to the spans in which its events were tracked', async () => {
    const { tracer, spans } = telemetry();
    const { client, collector } = await rig();
    const tracked = tracer.startSpan('checkout');
    context.with(trace.setSpan(context.active(), tracked), () => {
      client.track({ event: 'purchase', userId: 'v1' });
      client.track({ event: 'upsell', userId: 'v1' });
    });
    client.track({ event: 'outside', userId: 'v2' });
    await client.flush();
    const [span, ...others] = spans();
    expect(others).toEqual([]);
    const { port } = new URL(collector.baseUrl);
    expect(span!.attributes).toEqual({
      'messaging.system': 'ours_privacy',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': '/batch',
      'messaging.batch.message_count': 3,
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(port),
    });
    const { traceId, spanId } = tracked.spanContext();
    expect(span!.links.map(({ context: linked }) => [linked.traceId, linked.spanId])).toEqual([[traceId, spanId]]);
    expect(span!.parentSpanContext).toBeUndefined();
  });

  it('follows an event through a durable outbox into another client', async () => {
    const { tracer, spans } = telemetry();
    const { place, remove } = await createStore('sqlite');
    onTestFinished(remove);
    const tracking = await rig({ outbox: (await openOutbox(place)).outbox, relay: false });
    const tracked = tracer.startSpan('webhook');
    await context.with(trace.setSpan(context.active(), tracked), () =>
      tracking.client.track({ event: 'renewal', userId: 'v1' }).stored(),
    );
    expect(spans()).toEqual([]);
    const { client } = await rig({ outbox: (await openOutbox(place)).outbox, collector: tracking.collector });
    await client.flush();
    await expect.poll(() => tracking.collector.events().length).toBe(1);
    await expect.poll(() => spans().length).toBe(1);
    expect(spans()[0]!.links[0]!.context.spanId).toBe(tracked.spanContext().spanId);
  });

  it('marks a failed request with what failed, and numbers its retries', async () => {
    const { spans } = telemetry();
    const { client, collector } = await rig();
    collector.faults.next({ kind: 'status', status: 500 });
    client.track({ event: 'purchase', userId: 'v1' });
    await client.flush();
    const [failed, retried] = spans();
    expect(failed!.status).toEqual({ code: 2, message: 'HTTP 500' });
    expect(failed!.attributes).toMatchObject({ 'error.type': '500', 'http.response.status_code': 500 });
    expect(retried!.attributes).toMatchObject({ 'http.request.resend_count': 1 });
    expect(retried!.status.code).toBe(0);
  });

  it('counts events by outcome, requests and assignments', async () => {
    const { points } = telemetry();
    const { client } = await rig({ collector: { experiments: [CHECKOUT] } });
    await client.assign('checkout', { userId: 'v1', sessionId: '1732400000000' });
    client.track({ event: 'purchase', userId: 'v1' });
    client.track({ event: '$reserved', userId: 'v1' });
    await client.flush();
    expect(await points('ours_ingest.events.settled')).toEqual([
      { attributes: { kind: 'track', status: 'rejected', reason: 'reserved_name' }, value: 1 },
      { attributes: { kind: 'track', status: 'delivered' }, value: 1 },
    ]);
    expect(await points('ours_ingest.events.tracked')).toEqual([{ attributes: { kind: 'track' }, value: 1 }]);
    expect(await points('messaging.client.sent.messages')).toEqual([
      { attributes: expect.objectContaining({ 'messaging.destination.name': '/batch' }), value: 1 },
    ]);
    expect(await points('http.client.request.duration')).toEqual([
      {
        attributes: expect.objectContaining({ 'http.response.status_code': 200 }),
        value: expect.objectContaining({ count: 2 }),
      },
    ]);
    expect(await points('ours_ingest.assignment.duration')).toEqual([
      { attributes: { reason: 'assigned', source: 'service' }, value: expect.objectContaining({ count: 1 }) },
    ]);
    expect(await points('ours_ingest.exposures')).toEqual([{ attributes: { experiment: 'checkout' }, value: 1 }]);
  });

  it('shows what waits in the outbox of an observed client, and nothing of one that does not answer', async () => {
    const { points, instrumentation } = telemetry();
    const { place, remove } = await createStore('sqlite');
    onTestFinished(remove);
    const { outbox } = await openOutbox(place);
    const { client } = await rig({ outbox, relay: false });
    instrumentation.observe(client);
    instrumentation.observe({ stats: () => Promise.reject(new Error('gone')) });
    client.track({ event: 'purchase', userId: 'v1' });
    await client.track({ event: 'purchase', userId: 'v2' }).stored();
    expect(await points('ours_ingest.outbox.waiting')).toEqual([{ attributes: {}, value: 2 }]);
    expect(await points('ours_ingest.outbox.dead_letters')).toEqual([{ attributes: {}, value: 0 }]);
  });

  it('shows the state of the circuit breaker', async () => {
    const { points } = telemetry();
    const { client, collector } = await rig();
    collector.faults.next({ kind: 'status', status: 503, headers: { 'retry-after': '60' } });
    client.track({ event: 'purchase', userId: 'v1' });
    await expect
      .poll(() => points('ours_ingest.circuit.state'))
      .toEqual([{ attributes: { client: expect.any(String) }, value: 2 }]);
  });

  it('records nothing any more once it is disabled', async () => {
    const { spans, instrumentation } = telemetry();
    instrumentation.disable();
    const { client } = await rig();
    client.track({ event: 'purchase', userId: 'v1' });
    await client.flush();
    expect(spans()).toEqual([]);
  });
});
