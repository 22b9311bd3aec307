import { expect, it, vi } from 'vitest';
import { clientWith, EXPERIMENT_TOKEN } from '../support/clients.js';

it.each([
  ['one more socket than senders, so that assign does not wait behind batches', EXPERIMENT_TOKEN, 4],
  ['as many sockets as senders if it cannot assign', undefined, 3],
])('opens %s', (_, experimentToken, connections) => {
  const createPost = vi.fn(() => () => Promise.reject(new Error('no test uses the network')));
  clientWith({ concurrency: 3, experimentToken, fetch: undefined }, { createPost });
  expect(createPost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ connections }));
});

it('opens no socket if the user passes a fetch', () => {
  const createPost = vi.fn(() => () => Promise.reject(new Error('no test uses the network')));
  clientWith({}, { createPost });
  expect(createPost).not.toHaveBeenCalled();
});
