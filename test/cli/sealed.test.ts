import { describe, expect, it } from 'vitest';
import { deadLetters } from '../../src/cli/dead-letters.js';
import { doctor } from '../../src/cli/doctor.js';
import { relay } from '../../src/cli/relay.js';
import { status } from '../../src/cli/status.js';
import { createCollector } from '../../src/collector/index.js';
import { createSqliteOutbox } from '../../src/outbox/sqlite/index.js';
import { keyOf } from '../support/keys.js';
import { fileOutbox, freshEntries, giveUp, REFUSED } from './outbox-file.js';
import { run } from './running.js';

const key = Buffer.from(keyOf(1)).toString('base64');
const env = { OURS_SEALING_KEYS: key, OURS_TOKEN: 'test_shop' };

/** An outbox with two events and a dead letter from before it had keys, and one sealed event. */
async function halfSealed(): Promise<string> {
  const { file, outbox } = await fileOutbox();
  await outbox.append(freshEntries(1, 'letter'));
  await giveUp(outbox, REFUSED);
  await outbox.append(freshEntries(2));
  const sealed = createSqliteOutbox({ file, sealingKeys: [key] });
  await sealed.append(freshEntries(1, 'sealed'));
  await sealed.close();
  return file;
}

describe('the commands on an outbox that was sealed later', () => {
  it('count events that are not sealed and not delivered', async () => {
    const file = await halfSealed();
    const { printed } = await run(status, ['--sqlite', file], { env });
    expect(printed).toContain('waiting       3');
    expect(printed).toContain('not sealed    2 (not delivered; see docs/sealing.md)');
    const { printed: json } = await run(status, ['--sqlite', file, '--json'], { env });
    expect(JSON.parse(json[0]!)).toMatchObject({ waiting: 3, unsealed: 2 });
    const { printed: checks } = await run(doctor, ['--sqlite', file, '--json'], { env });
    expect(JSON.parse(checks[0]!).checks).toContainEqual(
      expect.objectContaining({ check: 'sealing', level: 'warning', message: expect.stringContaining('2 events') }),
    );
  });

  it('do not mention seals without keys', async () => {
    const file = await halfSealed();
    const { printed } = await run(status, ['--sqlite', file, '--json']);
    expect(JSON.parse(printed[0]!)).not.toHaveProperty('unsealed');
    const { printed: checks } = await run(doctor, ['--sqlite', file, '--json']);
    expect(checks.join()).not.toContain('"sealing"');
  });

  it('deliver it and read its dead letters with --accept-unsealed', async () => {
    const file = await halfSealed();
    await using collector = await createCollector();
    const stop = new AbortController();
    const relaying = run(relay, ['--sqlite', file, '--accept-unsealed', '--base-url', collector.baseUrl], {
      env,
      stop: stop.signal,
    });
    await expect.poll(() => collector.events().length, { timeout: 20_000 }).toBe(3);
    stop.abort();
    expect((await relaying).error).toBeUndefined();
    const { printed } = await run(deadLetters, ['list', '--sqlite', file], { env });
    expect(printed[0]).toContain('unreadable');
    const { printed: read } = await run(deadLetters, ['list', '--sqlite', file, '--accept-unsealed'], { env });
    expect(read[0]).toMatch(/invalid_event.*letter0/);
  });

  it('refuse --accept-unsealed without keys', async () => {
    const file = await halfSealed();
    const { error } = await run(status, ['--sqlite', file, '--accept-unsealed']);
    expect(error?.message).toContain('set OURS_SEALING_KEYS');
  });

  it('name the variable and the position of an invalid key, and never the key', async () => {
    const file = await halfSealed();
    const { error } = await run(status, ['--sqlite', file], { env: { OURS_SEALING_KEYS: `${key};hunter2` } });
    expect(error?.message).toMatch(/^OURS_SEALING_KEYS\[0\] must be 32 bytes/);
    expect(error?.message).not.toContain('hunter2');
    const { error: empty } = await run(status, ['--sqlite', file], { env: { OURS_SEALING_KEYS: `,${key}` } });
    expect(empty?.message).toMatch(/^OURS_SEALING_KEYS\[0\] .* empty/);
  });
});
