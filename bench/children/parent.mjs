// A child's side of the message protocol in measure.mjs.

// Without its parent a child has nothing to do: nothing is left behind when the benchmark is killed.
process.on('disconnect', () => process.exit());

export const config = JSON.parse(process.argv[2]);
export const tell = (message) => process.send(message);

const inbox = [];
let waiting;
process.on('message', (message) => {
  if (waiting === undefined) inbox.push(message);
  else waiting(message);
  waiting = undefined;
});

export const hear = () =>
  new Promise((resolve) => {
    if (inbox.length > 0) resolve(inbox.shift());
    else waiting = resolve;
  });

/** Lets the event loop turn once. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The subject a config names, made by it. */
export async function createSubject() {
  const { create } = await import(`../subjects/${config.subject}.mjs`);
  return create(config);
}

/** Samples RSS until stopped; `peakMb()` may be asked at any time. */
export function watchRss(everyMs = 20) {
  let peak = 0;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  setInterval(sample, everyMs).unref();
  return {
    peakMb() {
      sample();
      return peak / 1024 / 1024;
    },
  };
}
