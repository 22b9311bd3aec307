import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Link, startLink } from './link/link.js';

/** A link to a server that sends everything back. */
async function echo(isPatient = true): Promise<Link> {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const link = await startLink({ port: () => port, isPatient });
  onTestFinished(async () => {
    await link.close();
    server.close();
  });
  return link;
}

async function open({ port }: Link): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return String((await once(socket, 'data'))[0]);
}

describe('a link', () => {
  it('passes everything on while nothing is wrong', async () => {
    const socket = await open(await echo());
    expect(await ask(socket, 'one')).toBe('one');
    expect(await ask(socket, 'two')).toBe('two');
  });

  it('cuts every connection; new ones work', async () => {
    const link = await echo();
    const socket = await open(link);
    await ask(socket, 'one');
    const error = once(socket, 'error');
    await link.suffer('cut', 0);
    expect((await error)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(await ask(await open(link), 'two')).toBe('two');
  });

  it('holds everything back while it is stalled, and passes it on in order afterwards', async () => {
    const link = await echo();
    const socket = await open(link);
    await ask(socket, 'one');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    const over = link.suffer('stall', 50);
    for (const text of ['two', 'three']) socket.write(text);
    await over;
    while (heard.length < 'twothree'.length) await once(socket, 'data');
    expect(heard).toBe('twothree');
  });

  it('is silent to present connections in a black hole, and says nothing of it', async () => {
    const link = await echo();
    const socket = await open(link);
    await ask(socket, 'one');
    await link.suffer('blackHole', 0);
    let heard = false;
    for (const event of ['data', 'error', 'close']) socket.on(event, () => (heard = true));
    socket.write('two');
    // Sent later and answered: the first would have been answered by now.
    expect(await ask(await open(link), 'three')).toBe('three');
    expect(heard).toBe(false);
  });
});
