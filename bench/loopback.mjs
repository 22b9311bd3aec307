// Imported first by every child that runs a subject: sockets may go to this machine only, and all are counted.
import net from 'node:net';

/** `attempts`: sockets that were asked to connect. `strangers`: hosts that were asked for and refused here. */
export const contacts = { attempts: 0, strangers: [] };

const connect = net.Socket.prototype.connect;
// tls.connect, http.Agent and undici all come through here, before a name is looked up.
net.Socket.prototype.connect = function (...args) {
  const [{ host = 'localhost' }] = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
  if (host === '127.0.0.1') {
    contacts.attempts += 1;
    return connect.apply(this, args);
  }
  contacts.strangers.push(host);
  process.nextTick(() => this.destroy(new Error(`the benchmark allows no connection to ${host}`)));
  return this;
};
