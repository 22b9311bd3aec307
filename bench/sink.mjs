// The other end of every measurement, in a process of its own: counts what arrives and answers as the service does.
// Started with fork(); env DELAY_MS delays each answer, messages {mode: 'ok' | '503'} switch it, 'report' asks for counts.
import http from 'node:http';

const delayMs = Number(process.env.DELAY_MS ?? 0);
let mode = 'ok';
let counts = { requests: 0, refused: 0, bytes: 0, sockets: 0, events: 0 };
let ids = new Set();

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    counts.requests += 1;
    if (mode === '503') {
      counts.refused += 1;
      response.writeHead(503).end('{"success":false}');
      return;
    }
    const body = Buffer.concat(chunks);
    counts.bytes += body.length;
    if (process.env.PARSE !== undefined) collect(request, body);
    else counts.events += countRows(body);
    const answer = () => {
      response.setHeader('content-type', 'application/json');
      response.end('{"success":true,"status":1,"accepted":1}');
    };
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
});
server.keepAliveTimeout = 60_000;
server.on('connection', () => (counts.sockets += 1));

/** Rows of ours and of the floor, without parsing: this process must not be the bottleneck. */
function countRows(body) {
  let rows = 0;
  for (let at = body.indexOf('"distinctId"'); at !== -1; at = body.indexOf('"distinctId"', at + 12)) rows += 1;
  return rows;
}

/** Distinct orders, whatever a peer's wire looks like (URL-encoded or gzipped bodies included). */
async function collect(request, body) {
  const { gunzipSync } = await import('node:zlib');
  let text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
  if (text.includes('%22')) text = decodeURIComponent(text.replaceAll('+', ' '));
  for (const [id] of text.matchAll(/order_\d+/g)) ids.add(id);
  counts.events = ids.size;
}

process.on('message', (message) => {
  if (message.mode !== undefined) mode = message.mode;
  if (message === 'report') process.send(counts);
  if (message === 'reset') {
    counts = { requests: 0, refused: 0, bytes: 0, sockets: 0, events: 0 };
    ids = new Set();
  }
});
const port = Number(process.env.PORT ?? 0);
server.listen(port, '127.0.0.1', () => process.send({ port: server.address().port }));
