// The other end of every measurement, in a process of its own. It keeps the bodies and reads them when asked, so that it
// is never the bottleneck. Messages: {reset}, {report}, {delayMs}, {mode: 'ok' | '503'}, {listen: boolean}; each is answered.
import http from 'node:http';
import { gunzipSync } from 'node:zlib';

process.on('disconnect', () => process.exit());

let mode = 'ok';
let delayMs = 0;
let open = 0;
let requests = 0;
let refused = 0;
let bytes = 0;
let rows = 0;
let sockets = 0;
let unread = [];
let ids = new Set();

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    requests += 1;
    if (mode === '503') {
      refused += 1;
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"success":false}');
      return;
    }
    const { url } = request;
    for (const chunk of chunks) bytes += chunk.length;
    unread.push({ url, encoding: request.headers['content-encoding'], chunks });
    const answer = () => {
      response.setHeader('content-type', 'application/json');
      response.end(answerTo(url, chunks));
    };
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
});
server.keepAliveTimeout = 60_000;
server.on('connection', (socket) => {
  open += 1;
  sockets = Math.max(sockets, open);
  socket.once('close', () => {
    open -= 1;
  });
});

/** As the service and the peers' own do: the service's answer to a batch has an entry for every row. */
function answerTo(url, chunks) {
  if (isMixpanel(url)) return '1';
  if (!url.endsWith('/api/v1/batch')) return '{"success":true,"status":1,"in_experiment":false}';
  const body = Buffer.concat(chunks);
  const results = [];
  for (let at = body.indexOf(ROW); at >= 0; at = body.indexOf(ROW, at + ROW.length))
    results.push(`{"index":${results.length},"success":true}`);
  return `{"success":true,"accepted":${results.length},"failed":0,"results":[${results}]}`;
}

const ROW = Buffer.from('"distinctId":');
const isMixpanel = (url) => url.startsWith('/track?');

/** The text of a request, whatever a peer's wire looks like. */
function textOf({ url, encoding, chunks }) {
  const body = Buffer.concat(chunks);
  if (isMixpanel(url)) {
    const data =
      new URLSearchParams(url.slice(url.indexOf('?'))).get('data') ?? body.subarray('data='.length).toString();
    return Buffer.from(data, 'base64').toString();
  }
  const text = (encoding === 'gzip' ? gunzipSync(body) : body).toString();
  // Snowplow's default wraps each event in base64.
  return text.replace(/"ue_px":"([^"]+)"/g, (_, wrapped) => Buffer.from(wrapped, 'base64url').toString());
}

/** Orders are counted by their id: what arrives twice counts once. Warm-up orders have negative ids and do not match. */
function read() {
  for (const request of unread) {
    for (const [, id] of textOf(request).matchAll(/order_id\W+order_(\d+)/g)) {
      rows += 1;
      ids.add(Number(id));
    }
  }
  unread = [];
}

function handle(message) {
  if (message.mode !== undefined) mode = message.mode;
  if (message.delayMs !== undefined) delayMs = message.delayMs;
  if (message.reset) {
    requests = refused = bytes = rows = 0;
    sockets = open;
    unread = [];
    ids = new Set();
  }
  if (message.report) read();
  process.send({ requests, refused, bytes, sockets, received: ids.size, duplicates: rows - ids.size });
}

process.on('message', (message) => {
  if (message.listen === true) server.listen(port, '127.0.0.1', () => handle(message));
  else if (message.listen === false) {
    server.close(() => handle(message));
    server.closeAllConnections();
  } else handle(message);
});

let port = 0;
server.listen(port, '127.0.0.1', () => {
  port = server.address().port;
  process.send({ port });
});
