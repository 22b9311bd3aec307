import { expect, it } from 'vitest';
import { createUndiciPost } from '../../src/delivery/undici-post.js';
import { toBytes } from '../../src/protocol/bytes.js';

it('closes also while a proxy setting that makes no sense fails its first request', async () => {
  const env = { http_proxy: 'no address' };
  process.env.http_proxy = env.http_proxy;
  try {
    const post = createUndiciPost({ baseUrl: 'http://127.0.0.1:9', connections: 1, env });
    const posted = post('/batch', toBytes('{}'), new AbortController().signal);
    posted.catch(() => undefined);
    await post.close!();
    await expect(posted).rejects.toThrow();
  } finally {
    delete process.env.http_proxy;
  }
});
