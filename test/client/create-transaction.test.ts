import { expect, it, vi } from 'vitest';
import type { ClientContext } from '../../src/client/context.js';
import { createTransaction, type TransactionOptions } from '../../src/client/create-transaction.js';
import { trackEntry } from '../support/entries.js';

const TX = { query: async () => ({ rows: [] }) };
const REJECTED = { status: 'rejected', code: 'invalid_field', message: 'userId is missing.' } as const;

/** A transaction of an outbox whose append ends as given. */
function transaction({ append = async () => undefined, encode = (): unknown => trackEntry('a') } = {}) {
  const within = vi.fn(() => append);
  const onAppended = vi.fn();
  const options = {
    outbox: { within },
    encoders: { track: encode, identify: encode },
    outcomes: { refuse: () => ({ distinctId: 'refused' }) },
    onAppended,
  };
  const tx = createTransaction(
    { options: { token: 'test_shop' } } as ClientContext,
    options as unknown as TransactionOptions,
    TX,
  );
  return { track: () => tx.track({ event: 'purchase', userId: 'v' }), within, onAppended };
}

it('appends within the transaction it is given', async () => {
  const append = vi.fn(async () => undefined);
  const { track, within, onAppended } = transaction({ append });
  expect(await track()).toEqual({ status: 'appended', distinctId: 'a' });
  expect(within).toHaveBeenCalledExactlyOnceWith(TX);
  expect(append).toHaveBeenCalledOnce();
  expect(onAppended).toHaveBeenCalledOnce();
});

it('returns the outcome of an event that cannot be sent, and appends nothing', async () => {
  const append = vi.fn(async () => undefined);
  const { track, onAppended } = transaction({ append, encode: () => REJECTED });
  expect(await track()).toEqual({ ...REJECTED, distinctId: 'refused' });
  expect(append).not.toHaveBeenCalled();
  expect(onAppended).not.toHaveBeenCalled();
});

it('rejects if the append fails, so that the transaction is rolled back', async () => {
  const { track, onAppended } = transaction({ append: () => Promise.reject(new Error('the table is locked')) });
  await expect(track()).rejects.toThrow('the table is locked');
  expect(onAppended).not.toHaveBeenCalled();
});
