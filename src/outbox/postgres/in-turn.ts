/** The last statement under way of each connection. It never rejects. */
const last = new WeakMap<object, Promise<unknown>>();

/** Asks at once, or when the connection has answered what was asked before: `pg` deprecates a queue of its own. */
export function inTurn<Answer>(connection: object, ask: () => Promise<Answer>): Promise<Answer> {
  const before = last.get(connection);
  const answer = before === undefined ? ask() : before.then(ask);
  const end = (): void => {
    if (last.get(connection) === ended) last.delete(connection);
  };
  const ended = answer.then(end, end);
  last.set(connection, ended);
  return answer;
}
