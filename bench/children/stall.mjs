// A process that serves, and sends its first event meanwhile: prints the longest turn of its event loop, in milliseconds of CPU time
// and of wall time, from the event to its delivery.
import http from 'node:http';

const { subject, port, ours } = JSON.parse(process.argv[2]);
const baseUrl = `http://127.0.0.1:${port}`;

const subjects = {
  /** The least it can be: undici is loaded at the start. */
  async floor() {
    const { default: Pool } = await import('undici/lib/dispatcher/pool.js');
    const pool = new Pool(baseUrl, { connections: 1 });
    const handler = { onRequestStart() {}, onResponseStart() {}, onResponseData() {} };
    return () =>
      new Promise((onResponseEnd, reject) => {
        const onResponseError = (_, error) => reject(error);
        const body = JSON.stringify({ event: 'purchase', distinctId: 'order_1', eventProperties: { value: 49.9 } });
        const headers = { 'content-type': 'application/json' };
        pool.dispatch(
          { path: '/api/v1/track', method: 'POST', headers, body },
          { ...handler, onResponseEnd, onResponseError },
        );
      });
  },
  async ours() {
    const { createClient } = await import(ours);
    const client = createClient({ token: 'token', baseUrl });
    return async () => {
      client.track({ event: 'purchase', userId: 'visitor', eventProperties: { order_id: 'order_1', value: 49.9 } });
      await client.flush();
    };
  },
};

const send = await subjects[subject]();
const server = http.createServer((_, response) => response.end('served'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const get = () =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port: server.address().port }, (answer) => answer.resume().on('end', resolve))
      .on('error', reject);
  });
for (let served = 0; served < 200; served += 1) await get();

let isOver = false;
let longestCpuMs = 0;
let longestMs = 0;
const watched = (async () => {
  while (!isOver) {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(before);
    longestCpuMs = Math.max(longestCpuMs, (user + system) / 1000);
    longestMs = Math.max(longestMs, performance.now() - startedAt);
  }
})();
await new Promise((resolve) => setTimeout(resolve, 20));
await send();
isOver = true;
await watched;
console.log(JSON.stringify({ longestCpuMs, longestMs }));
process.exit();
