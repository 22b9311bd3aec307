import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkFault } from '../plan/link-plan.js';
import { Wire } from './wire.js';

export interface LinkOptions {
  /** Where it leads. Asked for each connection: a server that is started again may be elsewhere. */
  readonly port: () => number;
  /** Whether what waits in the link still arrives when its sender has gone. */
  readonly isPatient: boolean;
}

/** A TCP proxy that can do to connections what networks do. */
export interface Link {
  readonly port: number;
  /** Resolves when the fault is over. */
  suffer(fault: LinkFault, ms: number): Promise<void>;
  /** How many connections it has carried. */
  readonly connections: number;
  close(): Promise<void>;
}

const SLOW_MS = 60;

export async function startLink({ port, isPatient }: LinkOptions): Promise<Link> {
  const wires = new Set<Wire>();
  let connections = 0;
  let isRefusing = false;
  let isStalled = false;
  let delayMs = 0;

  const server = createServer({ allowHalfOpen: true }, (near: Socket) => {
    connections += 1;
    near.on('error', () => undefined);
    if (isRefusing) return void near.resetAndDestroy();
    const far = connect({ port: port(), host: '127.0.0.1', allowHalfOpen: true });
    const wire = new Wire(near, far, isPatient, () => wires.delete(wire));
    wire.isStalled = isStalled;
    wire.delayMs = delayMs;
    wires.add(wire);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  const cutAll = (): void => {
    for (const wire of wires) wire.cut();
  };
  const stallAll = (value: boolean): void => {
    isStalled = value;
    for (const wire of wires) wire.stall(value);
  };

  const faults: Readonly<Record<LinkFault, (ms: number) => Promise<void> | void>> = {
    cut: cutAll,
    async refuse(ms) {
      isRefusing = true;
      cutAll();
      await sleep(ms);
      isRefusing = false;
    },
    async stall(ms) {
      stallAll(true);
      await sleep(ms);
      stallAll(false);
    },
    async stallThenCut(ms) {
      stallAll(true);
      await sleep(ms);
      cutAll();
      stallAll(false);
    },
    blackHole() {
      for (const wire of wires) wire.swallow('both');
    },
    swallowAnswers() {
      for (const wire of wires) wire.swallow('answers');
    },
    halfClose() {
      for (const wire of wires) wire.halfClose();
    },
    async slow(ms) {
      delayMs = SLOW_MS;
      for (const wire of wires) wire.delayMs = delayMs;
      await sleep(ms);
      delayMs = 0;
      for (const wire of wires) wire.delayMs = 0;
    },
  };

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    async suffer(fault, ms) {
      await faults[fault](ms);
    },
    async close() {
      server.close();
      cutAll();
      await once(server, 'close');
    },
  };
}
