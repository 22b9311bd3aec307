// By its path: bench/ has a package.json of its own, so the package's name means nothing here.
import { createClient } from '../../dist/index.js';
import { makersOf } from '../shapes.mjs';

/** Without `rows`, everything is at its default. */
export function create({ url, rows, shape }) {
  const ours = createClient({
    token: 'test_bench',
    baseUrl: `${url}/api/v1`,
    ...(rows === undefined ? {} : { flushAt: rows }),
    logger: { warn: () => undefined },
  });
  return {
    makeEvent: makersOf(shape).event,
    track: ours.track,
    drain: () => ours.flush(),
  };
}
