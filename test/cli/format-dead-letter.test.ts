import { describe, expect, it } from 'vitest';
import { deadLetterLine, formatDeadLetter } from '../../src/cli/format-dead-letter.js';
import type { DeadLetter } from '../../src/outbox/outbox.js';

const letter = {
  distinctId: 'order:1',
  at: 0,
  outcome: { status: 'dropped', reason: 'too_old' },
  entry: {
    kind: 'track',
    event: `purchase${'\u0007'.repeat(2)}`,
    distinctId: 'order:1',
    userId: 'user-1',
    time: 0,
    body: new TextEncoder().encode('{"event":"purchase"}'),
  },
} as unknown as DeadLetter;

describe('a dead letter', () => {
  it('is one printable line without the person', () => {
    const line = deadLetterLine(letter);
    expect(line).toMatch(/^1970-01-01T00:00:00\.000Z {2}dropped too_old +purchase.* {2}order:1$/);
    expect(line).not.toContain('user-1');
    expect(line).not.toContain('\u0007');
  });

  it('is formatted with its person, its meaning and its body', () => {
    const lines = formatDeadLetter(letter);
    expect(lines).toContain('userId      user-1');
    expect(lines.find((line) => line.startsWith('what to do'))).toMatch(
      /If it waited, .* If its time was old already, /,
    );
    expect(lines.slice(-3)).toEqual(['{', '  "event": "purchase"', '}']);
  });

  it('that cannot be read says why', () => {
    const { entry: _entry, ...unreadable } = letter;
    expect(deadLetterLine(unreadable as DeadLetter)).toContain('(unreadable)');
    expect(formatDeadLetter(unreadable as DeadLetter).at(-1)).toMatch(/^It cannot be read: /);
  });
});
