import { expect, it } from 'vitest';
import { explain } from '../../src/assignment/no-answer.js';

it.each([
  [{ kind: 'unauthorized' }, /rejected experimentToken \(HTTP 401\)/, false],
  [{ kind: 'retryable', reason: 'HTTP 503' }, /^HTTP 503\.$/, true],
  [{ kind: 'retryable', reason: 'HTTP 404', isServiceAnswer: true }, /unknown experiment/, false],
  [{ kind: 'retryable', reason: 'HTTP 404', isServiceAnswer: false }, /check baseUrl/, false],
  [{ kind: 'rejected', status: 422 }, /HTTP 422/, false],
  [{ kind: 'tooLarge' }, /HTTP 413/, false],
])('explains %j', (result, why, isOutage) => {
  expect(explain(result as never)).toMatchObject({ why: expect.stringMatching(why), isOutage });
});
