import type { buildConnector } from 'undici';

type Socket = NonNullable<buildConnector.CallbackArgs[1]>;

/**
 * Makes a connector whose sockets never keep the process. undici takes an idle socket off the event loop and puts it back for
 * every request, so that a service that hangs would keep a process that has run out of work until the request times out. Those
 * who wait for an answer keep the process themselves.
 */
export function unrefConnect(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const connecting: unknown = connect(options, (...result) => {
      // A failure comes as one argument, whatever the types say.
      if (result[1]) neverRef(result[1]);
      callback(...result);
    });
    // undici's own connector returns the socket, whose attempts at further addresses have a handle each.
    if (connecting instanceof Object && 'unref' in connecting) {
      const socket = connecting as Socket;
      socket.unref().on('connectionAttempt', () => void socket.unref());
    }
    return connecting as undefined;
  };
}

function neverRef(socket: Socket): void {
  socket.unref();
  socket.ref = () => socket;
}
