/** The part of a response that the adapter uses. */
export interface CloudResponse {
  statusCode: number;
  /** Node derives it from `statusCode` if it is missing. */
  statusMessage?: string | undefined;
  /** Of the connection; `null` if there is none, or not yet. */
  readonly socket?: { destroy(error?: Error): unknown } | null | undefined;
  write(...rest: never[]): unknown;
  end(...rest: never[]): unknown;
  destroy(error?: Error): unknown;
}

/**
 * Holds a response's end back until `work` is done; it never rejects. The headers wait too: a response without a body is over
 * with them.
 *
 * A response is open, then held, then ended. While it is held, it has ended for the application: its head is final, and frameworks
 * do not answer an error again. Calls that come too late reach Node after the end, and Node treats them as usual. Earlier, a
 * `destroy` would reset the connection that still waits for the answer: it is how Express ends a request that failed after its
 * answer.
 */
export function holdEnd(response: CloudResponse, work: () => Promise<void>): void {
  const end: Call = response.end.bind(response);
  // A variable, because middleware may have replaced `response.end` and calls this one.
  let current: Call = (...rest) => {
    const { statusCode, statusMessage, socket } = response;
    const late: (() => unknown)[] = [];
    const postpone =
      (call: Call, answer: unknown): Call =>
      (...given) => {
        late.push(() => call(...given));
        return answer;
      };
    const undo = [
      override(response, {
        ...ENDED,
        write: postpone(response.write.bind(response), false),
        destroy: postpone(response.destroy.bind(response), response),
      }),
      override(socket, { destroy: postpone((...given) => socket?.destroy(...given), socket) }),
    ];
    current = postpone(end, response);
    work()
      .then(() => {
        for (const restore of undo) restore();
        current = end;
        response.statusCode = statusCode;
        if (response.statusMessage !== statusMessage) response.statusMessage = statusMessage;
        end(...rest);
        for (const call of late) call();
      })
      // Node throws for a chunk that is neither a string nor bytes; the caller is gone by now.
      .catch((error: Error) => response.destroy(error));
    return response;
  };
  response.end = (...rest) => current(...rest);
}

type Call = (...given: never[]) => unknown;

function refuseHeaders(): never {
  throw Object.assign(new Error('Cannot change the headers: the response has ended.'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  });
}

/** What a response of Node says after its end. */
const ENDED = {
  headersSent: true,
  writableEnded: true,
  finished: true,
  setHeader: refuseHeaders,
  setHeaders: refuseHeaders,
  appendHeader: refuseHeaders,
  removeHeader: refuseHeaders,
  writeHead: refuseHeaders,
  flushHeaders: (): void => undefined,
};

/** Replaces properties until the returned function is called. Middleware may have replaced them, too: its own come back. */
function override(target: object | null | undefined, values: Readonly<Record<string, unknown>>): () => void {
  if (!target) return () => undefined;
  const before = Object.keys(values).map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const);
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [name, own] of before) {
      if (own === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, own);
    }
  };
}
