import { readMap } from '../protocol/properties.js';

/** A map as it will be sent; `undefined` if it cannot be read: the encoder sends nothing of it either. */
export function readShown(map: object): Readonly<Record<string, unknown>> | undefined {
  try {
    return readMap(map);
  } catch {
    return undefined;
  }
}
