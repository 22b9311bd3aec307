import { describe, expect, it } from 'vitest';
import { isOursError, OursError } from '../../src/errors.js';
import { createEpisodes, guardLogger } from '../../src/logger.js';

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
    const episodes = createEpisodes({ warn: (message) => said.push(message) }, () => now);
    return {
      episodes,
      said,
      advance: (ms: number) => {
        now += ms;
      },
    };
  }

  it('is spoken of once until it ends, each topic by itself', () => {
    const { episodes, said, advance } = episodesWith();
    episodes.say('outage', 'down');
    advance(3_600_000);
    episodes.say('outage', 'still down');
    episodes.say('queue', 'full');
    episodes.end('outage');
    episodes.say('outage', 'down again');
    expect(said).toEqual(['down', 'full', 'down again']);
  });

  it('without an end is spoken of once a minute', () => {
    const { episodes, said, advance } = episodesWith();
    episodes.remind('bad', '1');
    advance(59_999);
    episodes.remind('bad', '2');
    advance(1);
    episodes.remind('bad', '3');
    expect(said).toEqual(['1', '3']);
  });
});
