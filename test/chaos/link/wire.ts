import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A chunk, or the end of one direction. */
type Piece = Buffer | 'end';

/** One direction of a connection. */
interface Way {
  readonly to: Socket;
  readonly waiting: Piece[];
  isSwallowed: boolean;
  /** Resolves when every delayed chunk was passed on. Chunks keep their order. */
  delayed: Promise<void> | undefined;
}

/** One connection through a link. */
export class Wire {
  isStalled = false;
  delayMs = 0;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #forth: Way;
  readonly #back: Way;
  readonly #onEnd: () => void;

  /** @param isPatient whether chunks that wait still arrive after their sender has disconnected */
  constructor(near: Socket, far: Socket, isPatient: boolean, onEnd: () => void) {
    this.#near = near;
    this.#far = far;
    this.#onEnd = onEnd;
    this.#forth = { to: far, waiting: [], isSwallowed: false, delayed: undefined };
    this.#back = { to: near, waiting: [], isSwallowed: false, delayed: undefined };
    this.#carry(near, this.#forth);
    this.#carry(far, this.#back);
    near.once('close', () => {
      if (this.#back.isSwallowed && this.#forth.isSwallowed) return far.destroy();
      if (this.isStalled && isPatient) return;
      this.cut();
    });
    far.once('close', () => {
      // A swallowed connection stays open for its client.
      if (!this.#back.isSwallowed && !this.isStalled) this.cut();
    });
  }

  stall(value: boolean): void {
    this.isStalled = value;
    if (value) return;
    for (const way of [this.#forth, this.#back]) for (const piece of way.waiting.splice(0)) this.#pass(piece, way);
    if (this.#near.destroyed || this.#far.destroyed) this.#far.end(() => this.cut());
  }

  swallow(which: 'both' | 'answers'): void {
    this.#back.isSwallowed = true;
    if (which === 'both') this.#forth.isSwallowed = true;
  }

  halfClose(): void {
    this.#far.end();
  }

  cut(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
    this.#onEnd();
  }

  #carry(from: Socket, way: Way): void {
    from.on('error', () => undefined);
    from.on('data', (chunk: Buffer) => this.#pass(chunk, way));
    from.on('end', () => this.#pass('end', way));
  }

  #pass(piece: Piece, way: Way): void {
    if (way.isSwallowed) return;
    if (this.isStalled) {
      way.waiting.push(piece);
      return;
    }
    if (this.delayMs === 0 && way.delayed === undefined) {
      deliver(piece, way.to);
      return;
    }
    const delayed = Promise.all([way.delayed, sleep(this.delayMs)]).then(() => {
      deliver(piece, way.to);
      if (way.delayed === delayed) way.delayed = undefined;
    });
    way.delayed = delayed;
  }
}

function deliver(piece: Piece, to: Socket): void {
  if (to.destroyed || to.writableEnded) return;
  if (piece === 'end') to.end();
  else to.write(piece);
}
