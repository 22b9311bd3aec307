import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkFault } from '../plan/link-plan.js';
import { Wire } from './wire.js';

export interface LinkOptions {
  /** The port it leads to, asked for each new connection. */
  readonly port: () => number;
  /** Whether chunks that wait in the link still arrive after their sender has disconnected. */
  readonly isPatient: boolean;
}

/** A TCP proxy with the faults of a network. */
export interface Link {
  readonly port: number;
  /** Resolves when the fault is over. */
  suffer(fault: LinkFault, ms: number): Promise<void>;
  close(): Promise<void>;
}

const SLOW_MS = 60;

export async function startLink({ port, isPatient }: LinkOptions): Promise<Link> {
  const wires = new Set<Wire>();
  let isRefusing = false;
  let isStalled = false;
  let delayMs = 0;

  const server = createServer({ allowHalfOpen: true }, (near: Socket) => {
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
