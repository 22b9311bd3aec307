import { assembleClient } from '../client/client.js';
import { type ClientOptions, type ResolvedOptions, resolveOptions } from '../client/options.js';
import { plainHttpWarning } from '../client/plain-http.js';
import type { Client } from '../client/types.js';
import { isOursError } from '../core/errors.js';
import { nodePlatform } from '../runtime/platform-node.js';
import { type CommandContext, UsageError } from './command.js';

/**
 * Resolves the client's options from the command line and `OURS_*`.
 * @throws UsageError for options with which it cannot send
 */
export function resolveSending(options: ClientOptions, env: CommandContext['env']): ResolvedOptions {
  try {
    const resolved = resolveOptions(options, env);
    if (resolved.disabled) throw new UsageError('OURS_DISABLED is set, so nothing would be sent: unset it.');
    return resolved;
  } catch (error) {
    throw isOursError(error) ? new UsageError(error.message) : error;
  }
}

/**
 * Opens a client that warns on stderr. Its timers do not keep the process alive, so the caller must.
 *
 * @param say receives the client's own warnings
 * @throws UsageError for options with which it cannot send
 */
export function openClient(
  options: ClientOptions,
  { env, warn }: Pick<CommandContext, 'env' | 'warn'>,
  say: CommandContext['warn'] = warn,
): Client {
  const resolved = resolveSending(options, env);
  const warning = plainHttpWarning(resolved.baseUrl);
  if (warning !== undefined) warn(warning);
  return assembleClient({ ...resolved, logger: { warn: say } }, { ...nodePlatform, env });
}
