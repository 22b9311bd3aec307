import {
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { ChannelMessages } from '../channels.js';
import { httpAttributes, messagingAttributes } from './attributes.js';
import { subscribe } from './subscribe.js';

/** https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits */
const MAX_LINKS = 128;
/** Version 00 of https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/**
 * Makes a span of each request that carries events, linked to the spans in which they were tracked: these ended long ago, perhaps
 * in another process. Returns how to stop.
 */
export function traceDelivery(tracer: Tracer): () => void {
  const stops = [
    subscribe('ours-ingest:track', (message) => {
      const context = trace.getActiveSpan()?.spanContext();
      if (context !== undefined && trace.isSpanContextValid(context)) message.trace = toTraceparent(context);
    }),
    subscribe('ours-ingest:request', (message) => {
      if (message.events > 0) addSpan(tracer, message);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function addSpan(tracer: Tracer, message: ChannelMessages['ours-ingest:request']): void {
  const { path, events, attempt, durationMs, result, reason, traces } = message;
  const endTime = Date.now();
  const span = tracer.startSpan(
    `send ${path}`,
    {
      kind: SpanKind.CLIENT,
      startTime: endTime - durationMs,
      links: toLinks(traces),
      attributes: {
        ...messagingAttributes(message),
        ...httpAttributes(message),
        'messaging.batch.message_count': events,
        ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
      },
    },
    // Whatever happens to be active when the request ends has nothing to do with it.
    ROOT_CONTEXT,
  );
  if (result !== 'delivered') span.setStatus({ code: SpanStatusCode.ERROR, message: reason ?? result });
  span.end(endTime);
}

/** One link for each span, however many events were tracked in it. */
function toLinks(traces: readonly string[]): Link[] {
  return [...new Set(traces)].slice(0, MAX_LINKS).flatMap((text) => {
    const context = fromTraceparent(text);
    return context === undefined ? [] : [{ context }];
  });
}

function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function fromTraceparent(text: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined) return undefined;
  return { traceId, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
}
