import { describe, expect, it } from 'vitest';
import { integerOption, listenError, messageOf, printUsage, readArguments, UsageError } from '../../src/cli/command.js';

describe('an integer option', () => {
  it.each([
    ['0', 0],
    ['007', 7],
    ['65535', 65_535],
    [undefined, undefined],
  ])('%j is %j', (text, expected) => {
    expect(integerOption('--port', text, { min: 0, max: 65_535 })).toBe(expected);
  });

  it.each(['', '-1', '1.5', '65536', '1e3', 'soon'])('refuses %j', (text) => {
    expect(() => integerOption('--port', text, { min: 0, max: 65_535 })).toThrow(
      new UsageError(`--port must be an integer from 0 to 65535; got ${text}.`),
    );
  });
});

it('refuses unknown arguments as a usage error', () => {
  expect(() => readArguments({ args: ['--nope'], options: {} })).toThrow(UsageError);
});

it('prints a usage line by line', () => {
  const printed: string[] = [];
  printUsage('a\n\nb', { print: (line) => void printed.push(line) });
  expect(printed).toEqual(['a', '', 'b']);
});

describe('the message of an error', () => {
  it.each([
    [new Error('broken'), 'broken'],
    [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new TypeError(''), 'TypeError'],
    [new AggregateError([new Error('first'), new Error('second')]), 'first'],
    ['text', 'text'],
  ])('%s is %j', (error, expected) => {
    expect(messageOf(error)).toBe(expected);
  });
});

it('advises what to do when a port is in use, and keeps other errors', () => {
  const inUse = Object.assign(new Error('listen'), { code: 'EADDRINUSE' });
  expect(listenError(inUse, 'localhost', 80)).toMatchObject({
    message: expect.stringMatching(/^port 80 of localhost is in use/),
    cause: inUse,
  });
  const other = new Error('other');
  expect(listenError(other, 'localhost', 80)).toBe(other);
});
