import { Pool } from 'undici';
import { makeRow } from '../events.mjs';

/** The floor: bare JSON.stringify and four concurrent undici requests. Nothing is kept, retried or counted. */
export function create({ url, rows }) {
  const pool = new Pool(url, { connections: 4, pipelining: 1 });
  const headers = { 'content-type': 'application/json' };
  const busy = new Set();
  let group = [];
  const send = async (events) => {
    const response = await pool.request({
      path: '/api/v1/batch',
      method: 'POST',
      headers,
      body: JSON.stringify({ token: 'test_bench', events }),
    });
    await response.body.text();
  };
  const cut = () => {
    const sending = send(group).finally(() => busy.delete(sending));
    busy.add(sending);
    group = [];
  };
  return {
    makeEvent: makeRow,
    track(event) {
      group.push(event);
      if (group.length === rows) cut();
    },
    /** Events not yet delivered, so that the driver can keep the queue of every subject alike. */
    async drain() {
      if (group.length > 0) cut();
      await Promise.all(busy);
    },
    close: () => pool.close(),
  };
}
