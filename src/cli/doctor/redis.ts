import { messageOf } from '../message-of.js';
import type { RedisServer } from '../outbox-option.js';
import type { Check } from './check.js';

/** Whether a Redis server keeps what it is given: through a crash of its own, and when its memory is full. */
export async function checkRedis(server: RedisServer): Promise<Check[]> {
  try {
    const info = parseInfo(String(await server.call('INFO')));
    return [checkPersistence(info), checkEviction(info)];
  } catch (error) {
    const message = `the server does not tell (${messageOf(error)}). See to it that appendonly is yes and maxmemory-policy is noeviction.`;
    return [{ check: 'Redis', level: 'warning', message }];
  }
}

type Info = ReadonlyMap<string, string>;

/** `name:value` a line, between headings. */
function parseInfo(text: string): Info {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const end = line.indexOf(':');
      return end < 0 ? [] : [[line.slice(0, end), line.slice(end + 1)] as const];
    }),
  );
}

function checkPersistence(info: Info): Check {
  const check = 'Redis persistence';
  if (info.get('aof_enabled') === '1') return { check, level: 'ok', message: 'appendonly is on.' };
  const message = 'appendonly is off: when Redis dies, what came since its last snapshot is lost. Set appendonly yes.';
  return { check, level: 'warning', message };
}

function checkEviction(info: Info): Check {
  const check = 'Redis memory';
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (policy === 'noeviction' || info.get('maxmemory') === '0') {
    return { check, level: 'ok', message: `nothing is evicted (${policy}).` };
  }
  const message = `maxmemory-policy is ${policy}: when memory is full, events may be thrown away. Set it to noeviction.`;
  return { check, level: 'error', message };
}
