/** Why a server of ours could not listen: in words where the port is taken, otherwise what `error` is. */
export function listenError(error: unknown, host: string, port: number): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) return error;
  const message = `port ${port} of ${host} is in use: name another with --port (0 for a free one), or stop what listens there.`;
  return new Error(message, { cause: error });
}
