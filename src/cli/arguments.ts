import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.js';
import { messageOf } from './message-of.js';

/** Reads a command's arguments. @throws UsageError for what `config` does not know */
export function readArguments<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export const PORTS: Range = { min: 0, max: 65_535 };

/** A whole number given as an option; `undefined` when it was not given. @throws UsageError naming the option */
export function wholeNumber(option: string, text: string | undefined, { min, max }: Range): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}; got ${text}.`);
}
