import type { OnUnreadable } from './properties.js';
import type { MapWriter, Scalar } from './row-writer.js';
import type { PropertyMap } from './wire.js';
import { writeDefaultProperties, writeEventProperties, writeUserProperties } from './write-properties.js';

// Properties as maps instead of JSON, by the same rules. Each is `undefined` for a map that cannot be read.

/** `eventProperties` as the wire wants them. */
export function toEventProperties(input: object, onUnreadable: OnUnreadable): PropertyMap | undefined {
  const maps = new Maps();
  writeEventProperties(maps, input, onUnreadable);
  return maps.root.eventProperties as PropertyMap | undefined;
}

/** `userProperties` as the wire wants them. */
export function toUserProperties(input: object, onUnreadable: OnUnreadable): Record<string, unknown> | undefined {
  const maps = new Maps();
  writeUserProperties(maps, input, undefined, onUnreadable);
  return maps.root.userProperties as Record<string, unknown> | undefined;
}

/** `defaultProperties` as the wire wants them. */
export function toDefaultProperties(input: object, onUnreadable: OnUnreadable): Record<string, unknown> | undefined {
  const maps = new Maps();
  writeDefaultProperties(maps, input, undefined, onUnreadable);
  return maps.root.defaultProperties as Record<string, unknown> | undefined;
}

/** Keeps what is written as maps. */
class Maps implements MapWriter {
  /** They are read from JSON, whose size has been checked. */
  readonly maxBytes: number = Number.POSITIVE_INFINITY;
  readonly root: Record<string, unknown> = {};
  /** The root and the maps begun in it, each with its name in the one before. */
  private readonly begun: { readonly name: string; readonly map: Record<string, unknown> }[] = [];

  put(name: string, value: Scalar): void {
    this.current[name] = value;
  }

  open(name: string): void {
    const map: Record<string, unknown> = {};
    this.current[name] = map;
    this.begun.push({ name, map });
  }

  close(): void {
    this.begun.pop();
  }

  discard(): void {
    const { name } = this.begun.pop()!;
    delete this.current[name];
  }

  private get current(): Record<string, unknown> {
    return this.begun.at(-1)?.map ?? this.root;
  }
}
