import { expect, it } from 'vitest';
import { decodeComponent } from '../../src/core/decode-component.js';

it('decodes a text, or tells that it cannot be decoded', () => {
  expect(['a%20b', 'm%C3%BC', '', '50%', '%ff'].map(decodeComponent)).toEqual(['a b', 'mü', '', undefined, undefined]);
});
