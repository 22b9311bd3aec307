import { makersOf } from '../shapes.mjs';
import { inGroups } from './groups.mjs';

const PATH = '/api/v1/batch';
const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** Ways to POST a text and read the answer's, four at once. */
const posts = {
  fetch: (url) => async (body) => {
    const response = await fetch(url + PATH, { method: 'POST', headers: HEADERS, body });
    return response.text();
  },

  async 'fetch + Agent'(url) {
    const { Agent } = await import('undici');
    const dispatcher = new Agent({ connections: 4, pipelining: 1 });
    return async (body) => {
      const response = await fetch(url + PATH, { method: 'POST', headers: HEADERS, body, dispatcher });
      return response.text();
    };
  },

  async 'undici request'(url) {
    const { Pool } = await import('undici');
    const pool = new Pool(url, { connections: 4, pipelining: 1 });
    return async (body) => {
      const response = await pool.request({ path: PATH, method: 'POST', headers: HEADERS, body });
      return response.body.text();
    };
  },

  async 'undici dispatch'(url) {
    const { Pool } = await import('undici');
    const pool = new Pool(url, { connections: 4, pipelining: 1 });
    return (body) =>
      new Promise((resolve, reject) => {
        const chunks = [];
        pool.dispatch(
          { path: PATH, method: 'POST', headers: HEADERS, body },
          {
            onRequestStart() {},
            onResponseStart() {},
            onResponseData: (_controller, chunk) => chunks.push(chunk),
            onResponseEnd: () => resolve(Buffer.concat(chunks).toString()),
            onResponseError: (_controller, error) => reject(error),
          },
        );
      });
  },

  async 'node:http'(url) {
    const { Agent, request } = await import('node:http');
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    return (body) =>
      new Promise((resolve, reject) => {
        const headers = { ...HEADERS, 'content-length': Buffer.byteLength(body) };
        const sending = request(url + PATH, { method: 'POST', headers, agent }, (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () => resolve(Buffer.concat(chunks).toString()));
          response.on('error', reject);
        });
        sending.on('error', reject);
        sending.end(body);
      });
  },
};

export const TRANSPORTS = Object.keys(posts);

/** Bare JSON.stringify and one of the transports. */
export async function create({ url, rows, shape, transport }) {
  const post = await posts[transport](url);
  const encode = (events) => JSON.stringify({ token: 'test_bench', events });
  return { makeEvent: makersOf(shape).row, ...inGroups({ rows }, encode, post) };
}
