import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, refuse, send, sendHeadOnly, sendTruncated } from './answer.js';
import { hasNoBody } from './check-fault.js';
import type { Fault } from './fault.js';
import { type RowFault, rowFaultOf } from './faults.js';

const PROXY_PAGE: Answer = {
  status: 200,
  body: '<!doctype html><title>Please wait</title>',
  headers: { 'content-type': 'text/html' },
};

/**
 * Answers a request, failing as `fault` says.
 *
 * `handle` accepts the rows, so a fault only decides whether and when to call it. Rejects when `closing` aborts a delay.
 */
export async function answerWithFault(
  response: ServerResponse,
  fault: Fault | undefined,
  handle: (rowFault: RowFault | undefined) => Answer,
  now: () => number,
  closing: AbortSignal,
): Promise<void> {
  const handled = (): Answer => handle(rowFaultOf(fault));
  switch (fault?.kind) {
    case 'hang':
      return;
    case 'reset':
      return reset(response);
    case 'resetAfter':
      handled();
      return reset(response);
    case 'truncated':
      return sendTruncated(response, handled(), now());
    case 'stallBody':
      return sendHeadOnly(response, handled(), now());
    case 'badJson':
      return send(response, PROXY_PAGE, now());
    case 'status':
      return send(response, chosenAnswer(fault), now());
    case 'delay':
      await sleep(fault.ms, undefined, { signal: closing });
  }
  send(response, handled(), now());
}

function chosenAnswer({ status, headers = {}, body }: Extract<Fault, { kind: 'status' }>): Answer {
  if (hasNoBody(status)) return { status, headers, body: '' };
  return { status, headers, body: body === undefined ? refuse(status, 'injected fault').body : body };
}

function reset({ socket }: ServerResponse): void {
  socket?.resetAndDestroy();
}
