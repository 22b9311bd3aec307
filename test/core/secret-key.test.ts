import { describe, expect, it } from 'vitest';
import { isPattern, readSecretKeys } from '../../src/core/secret-key.js';
import { keyOf } from '../support/keys.js';

const bytes = keyOf(1);
const base64 = Buffer.from(bytes).toString('base64');
const other = Buffer.from(keyOf(2)).toString('base64');

function refusalOf(key: unknown): string {
  try {
    readSecretKeys('sealingKeys', [bytes, key as string]);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_option' });
    return (error as Error).message;
  }
  return 'taken';
}

describe('a secret key', () => {
  it.each([
    ['bytes', bytes],
    ['a Buffer', Buffer.from(bytes)],
    ['base64', base64],
    ['base64 without padding', base64.replace('=', '')],
    ['base64url', Buffer.from(bytes).toString('base64url')],
    ['hex', Buffer.from(bytes).toString('hex')],
    ['hex in capitals', Buffer.from(bytes).toString('hex').toUpperCase()],
    ['the content of a file, with its line end', `${base64}\n`],
  ])('may be %s', (_, key) => {
    expect(readSecretKeys('keys', [key])).toEqual([bytes]);
  });

  it('is taken whatever random bytes it is made of', () => {
    const keys = Array.from({ length: 5_000 }, (_, number) => Buffer.from(keyOf(number)));
    expect(() => readSecretKeys('keys', keys)).not.toThrow();
    expect(() =>
      readSecretKeys(
        'keys',
        keys.map((key) => key.toString('base64')),
      ),
    ).not.toThrow();
    expect(() =>
      readSecretKeys(
        'keys',
        keys.map((key) => key.toString('hex')),
      ),
    ).not.toThrow();
  });

  it.each([
    ['nothing', undefined, 'missing'],
    ['null', null, 'missing'],
    ['an empty text', '', 'empty'],
    ['blanks', ' \n', 'empty'],
    ['a number', 7, 'a number'],
    ['too few bytes', bytes.subarray(1), 'has 31 bytes'],
    ['too many bytes', new Uint8Array(33), 'has 33 bytes'],
    ['a pass phrase', 'correct horse battery staple correct horse batter', 'neither of base64 nor of hex'],
    ['a pass phrase of 43 letters', 'correcthorsebatterystaplecorrecthorsebatteA', 'words'],
    ['a pass phrase of 43 letters, some of them capitals', 'CorrectHorseBatteryStapleCorrectHorseBattQA', 'words'],
    ['one character 43 times', 'A'.repeat(43), 'few characters'],
    ['two keys with a semicolon', `${base64};${other}`, 'several keys'],
    ['two keys with a comma', `${base64}, ${other}`, 'several keys'],
    ['two keys with a line end', `${base64}\n${other}`, 'several keys'],
    ['a key with a line end inside', `${base64.slice(0, 20)}\n${base64.slice(20)}`, 'neither of base64 nor of hex'],
    ['a key with junk inside', `${base64.slice(0, 40)}!!??${base64.slice(40)}`, 'neither of base64 nor of hex'],
    ['two keys without anything between them', base64.replace('=', '') + other, 'has 87 characters'],
    ['a key that was cut off', base64.slice(0, 40), 'has 40 characters'],
    ['a key with another last character', `${base64.slice(0, 42)}B=`, 'last character'],
    ['hex that was cut off', Buffer.from(bytes).toString('hex').slice(1), 'has 63 characters'],
    ['both alphabets of base64', `-+${base64.slice(2)}`, 'mixes'],
    ['quotation marks', `"${base64}"`, 'quotation marks'],
    ['one byte 32 times', Buffer.alloc(32, 7), 'pattern'],
    ['zeros as hex', '0'.repeat(64), 'pattern'],
    ['a part that repeats', Buffer.concat(Array.from({ length: 4 }, () => bytes.subarray(0, 8))), 'pattern'],
    ['bytes that count', Uint8Array.from({ length: 32 }, (_, place) => place), 'pattern'],
    ['bytes that count down', Uint8Array.from({ length: 32 }, (_, place) => 200 - 5 * place), 'pattern'],
    ['few different bytes', bytes.map((byte) => byte & 3), 'pattern'],
    ['the characters of a text', Buffer.from('q8Zt0mXw3bR7nKc5vJd1sLg9yHf4pTa2'), 'characters of a text'],
  ])('is never %s', (_, key, why) => {
    const refusal = refusalOf(key);
    expect(refusal).toMatch(/^sealingKeys\[1\] must be 32 bytes, as bytes, base64 or hex: .* Make one with `openssl/);
    expect(refusal).toContain(why);
  });

  it('is never repeated in a message, not in part either', () => {
    const secrets = ['hunter2hunter2', base64.slice(0, 40), `${base64};${other}`, `"${base64}"`, `${base64}?`];
    for (const secret of secrets) {
      const refusal = refusalOf(secret);
      for (let at = 0; at + 8 <= secret.length; at += 4) expect(refusal).not.toContain(secret.slice(at, at + 8));
    }
  });

  it.each([
    ['an empty list', []],
    ['a text', base64],
    ['nothing', undefined],
  ])('comes in a list, not as %s', (_, keys) => {
    expect(() => readSecretKeys('keys', keys as never)).toThrow(/^keys must be a list with at least one key/);
  });
});

describe('a pattern', () => {
  it('is few values, equal steps or a part that repeats, and nothing else', () => {
    const text = (characters: string) => new TextEncoder().encode(characters);
    expect(
      ['a'.repeat(16), '0123456789abcdef'.slice(0, 10), 'abcdefghabcdefgh'].map((it) => isPattern(text(it), 8)),
    ).toEqual([true, true, true]);
    expect(['a secret of the servers', 'abcdefghabcdefgx'].map((it) => isPattern(text(it), 8))).toEqual([false, false]);
  });
});
