/**
 * The least a sender can do: events are put into groups of `rows`, encoded when a group is full, and sent by at most
 * `lanes` at once. Nothing is kept, retried or counted.
 */
export function inGroups({ rows, lanes = 4 }, encode, send) {
  const waiting = [];
  let group = [];
  let busy = 0;
  let failure;
  let onIdle;

  const run = async (body) => {
    busy += 1;
    try {
      await send(body);
    } catch (error) {
      failure ??= error;
    }
    busy -= 1;
    next();
  };
  const next = () => {
    while (busy < lanes && waiting.length > 0) void run(waiting.shift());
    if (busy === 0) onIdle?.();
  };
  const cut = () => {
    waiting.push(encode(group));
    group = [];
    next();
  };
  return {
    track(event) {
      group.push(event);
      if (group.length === rows) cut();
    },
    async drain() {
      if (group.length > 0) cut();
      while (busy > 0) await new Promise((resolve) => (onIdle = resolve));
      if (failure !== undefined) throw failure;
    },
  };
}
