import { create as createTransport } from './transport.mjs';

/** The floor: bare JSON.stringify and four concurrent `Pool.request` POSTs of undici. */
export const create = (config) => createTransport({ ...config, transport: 'undici request' });
