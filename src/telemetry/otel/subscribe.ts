import { subscribe as subscribeTo, unsubscribe } from 'node:diagnostics_channel';
import type { ChannelMessages } from '../channels.js';

/** Subscribes to a channel. Returns how to stop. */
export function subscribe<Name extends keyof ChannelMessages>(
  name: Name,
  listener: (message: ChannelMessages[Name]) => void,
): () => void {
  const listen = (message: unknown): void => listener(message as ChannelMessages[Name]);
  subscribeTo(name, listen);
  return () => void unsubscribe(name, listen);
}
