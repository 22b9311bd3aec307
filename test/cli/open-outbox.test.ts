import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/command.js';
import { showableUrl } from '../../src/cli/open-outbox.js';

const show = (url: string) => showableUrl('--redis', url, ['redis:', 'rediss:'], 'redis://127.0.0.1:6379');

describe('the URL of a store', () => {
  it('is shown without credentials and query', () => {
    expect(show('redis://user:hunter2@host:6379/2?password=hunter2')).toBe('redis://host:6379/2');
  });

  it.each([
    'redis:user:hunter2@host',
    'http://hunter2@host',
    'hunter2',
    'redis://x:12/hunter2@host',
    'redis://h/hunter:2',
  ])('is refused without any part of it: %s', (url) => {
    const refusal = (() => {
      try {
        return show(url);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(UsageError);
    expect((refusal as Error).message).not.toContain('hunter');
  });
});
