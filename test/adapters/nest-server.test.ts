import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { createVisitorInstaller } from '../../src/adapters/nest-server.js';
import type { Visitor } from '../../src/index.js';
import { rig } from '../support/client.js';

/** What a WebSocket's visitor reports as its address. */
async function addressOf(options: object): Promise<string | undefined> {
  const { client, collector } = await rig();
  const server = new EventEmitter();
  const instance = { use: () => undefined };
  createVisitorInstaller(
    client,
    options,
  )({ getType: () => 'express', getInstance: () => instance, getHttpServer: () => server });
  const headers = {
    cookie: 'ours_device_id=v',
    'user-agent': 'browser',
    'x-forwarded-for': '203.0.113.7',
    'x-real-ip': '198.51.100.4',
  };
  const request = { headers, socket: { remoteAddress: '10.0.0.1' } };
  server.emit('upgrade', request);
  (request as unknown as { visitor: Visitor }).visitor.track('purchase');
  await client.flush();
  const [event] = collector.events();
  expect(event).toMatchObject({ userId: 'v' });
  expect(event?.defaultProperties).not.toHaveProperty('current_url');
  return event?.identityContext?.ip;
}

it.each<[string, object, string | undefined]>([
  ['not the proxy’s, which Express’s own setting would have told', {}, undefined],
  ['what a trusted proxy reports', { trustProxy: 1 }, '203.0.113.7'],
  ['what the connection says, if proxies at other addresses are trusted', { trustProxy: ['10.9.0.0/16'] }, '10.0.0.1'],
  ['what the platform’s header says', { ipHeader: 'x-real-ip' }, '198.51.100.4'],
])('the address of a WebSocket’s visitor is %s', async (_, options, expected) => {
  expect(await addressOf(options)).toBe(expected);
});
