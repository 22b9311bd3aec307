// `ours-ingest relay --otel` with the real SDK, which prints the links of each span. Reads OUTBOX_FILE.
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

new NodeTracerProvider({
  spanProcessors: [
    new SimpleSpanProcessor({
      export(spans, done) {
        for (const { name, links } of spans)
          console.log(JSON.stringify({ name, links: links.map(({ context }) => context.spanId) }));
        done({ code: 0 });
      },
      shutdown: async () => undefined,
    }),
  ],
}).register();
process.argv.push('relay', '--sqlite', process.env.OUTBOX_FILE!, '--otel');
await import('../../../src/cli/main.js');
