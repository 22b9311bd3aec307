import { LIBRARY } from '../protocol/library.js';

/** The header `User-Agent` on Node: the library and the runtime's major version, such as `ours-ingest/0.1.0 node/20`. */
export const USER_AGENT: string = `${LIBRARY} node/${process.versions.node.split('.', 1)[0]}`;
