/** The last statement under way of each connection. It never rejects. */
const last = new WeakMap<object, Promise<unknown>>();

/** Runs one statement at a time for each connection: `pg` deprecates its own queue. */
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
