import { describe, expect, it } from 'vitest';
import { isOursError, OursError } from '../../src/core/errors.js';
import { createWarnOnce, guardLogger } from '../../src/core/logger.js';

describe('an error of ours', () => {
  it('is an Error with a code, a message and a cause', () => {
    const cause = new Error('below');
    const error = new OursError('closed', 'too late', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'OursError', code: 'closed', message: 'too late', cause });
  });

  it('is recognised when another copy of the package made it', () => {
    const other = Object.assign(new Error('from the CommonJS copy'), { [Symbol.for('ours-ingest.error')]: true });
    expect(isOursError(other)).toBe(true);
    expect(isOursError(new OursError('closed', 'x'))).toBe(true);
  });

  it.each([[new Error('x')], [null], [undefined], ['closed'], [{ code: 'closed' }]])('is not %o', (value) => {
    expect(isOursError(value)).toBe(false);
  });
});

describe('the logger', () => {
  it('hears who speaks', () => {
    const said: string[] = [];
    guardLogger({ warn: (message) => said.push(message) }).warn('something');
    expect(said).toEqual(['[ours-ingest] something']);
  });

  it('may throw without anybody noticing', () => {
    const broken = guardLogger({
      warn() {
        throw new Error('disk full');
      },
    });
    expect(() => broken.warn('something')).not.toThrow();
  });

  it('is called as a method, as winston and pino need', () => {
    class Sink {
      readonly lines: string[] = [];
      warn(message: string): void {
        this.lines.push(message);
      }
    }
    const sink = new Sink();
    guardLogger(sink).warn('something');
    expect(sink.lines).toHaveLength(1);
  });
});

describe('an episode', () => {
  function episodesWith() {
    const said: string[] = [];
    let now = 0;
    const warnings = createWarnOnce({ warn: (message) => said.push(message) }, () => now);
    return {
      warnings,
      said,
      advance: (ms: number) => {
        now += ms;
      },
    };
  }

  it('is spoken of once until it ends, each topic by itself', () => {
    const { warnings, said, advance } = episodesWith();
    warnings.once('outage', 'down');
    advance(3_600_000);
    warnings.once('outage', 'still down');
    warnings.once('queue', 'full');
    warnings.end('outage');
    warnings.once('outage', 'down again');
    expect(said).toEqual(['down', 'full', 'down again']);
  });

  it('without an end is spoken of once a minute', () => {
    const { warnings, said, advance } = episodesWith();
    warnings.throttled('bad', '1');
    advance(59_999);
    warnings.throttled('bad', '2');
    advance(1);
    warnings.throttled('bad', '3');
    expect(said).toEqual(['1', '3']);
  });

  it('of what events hold is spoken of once a minute for each message: three mistakes are three warnings', () => {
    const { warnings, said, advance } = episodesWith();
    for (const message of ['no userId', 'no name', 'no userId', 'too large']) warnings.throttledEach(message);
    expect(said).toEqual(['no userId', 'no name', 'too large']);
    advance(60_000);
    warnings.throttledEach('no name');
    expect(said.slice(3)).toEqual(['no name']);
  });

  it('of what events hold may have a topic, where messages differ in what does not matter', () => {
    const { warnings, said } = episodesWith();
    warnings.throttledEach('pi_1 is refused', 'refused');
    warnings.throttledEach('pi_2 is refused', 'refused');
    expect(said).toEqual(['pi_1 is refused']);
  });

  it('of 50,000 names is 64 lines and one that says so, each minute anew', () => {
    const { warnings, said, advance } = episodesWith();
    const flood = () => {
      for (let at = 0; at < 50_000; at += 1) warnings.throttledEach(`name ${at}`);
    };
    flood();
    expect(said).toHaveLength(65);
    expect(said.at(-1)).toBe('64 different warnings within a minute: others are left out.');
    advance(59_999);
    flood();
    expect(said).toHaveLength(65);
    advance(1);
    flood();
    expect(said.filter((line) => line.startsWith('64 '))).toHaveLength(2);
    expect(said.length).toBeLessThanOrEqual(130);
  });

  it('of this package’s own topics is spoken of however many names there are, and none is forgotten', () => {
    const { warnings, said, advance } = episodesWith();
    const flood = () => {
      for (let at = 0; at < 200; at += 1) warnings.throttledEach(`name ${at}`);
    };
    warnings.once('outage', 'down');
    flood();
    warnings.throttled('queue', 'full');
    warnings.once('host', 'freezes');
    advance(60_000);
    flood();
    warnings.once('outage', 'still down');
    warnings.once('host', 'still freezes');
    expect(said.filter((line) => !/^(name|64) /.test(line))).toEqual(['down', 'full', 'freezes']);
  });
});
