import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, refuse, send, sendHeadOnly, sendTruncated } from './answer.js';
import { type Fault, type RowFault, rowFaultOf } from './faults.js';

const PAGE_OF_A_PROXY: Answer = {
  status: 200,
  body: '<!doctype html><title>Please wait</title>',
  headers: { 'content-type': 'text/html' },
};

/**
 * Answers a request, going wrong as `fault` says; without one it simply answers.
 *
 * What `handle` accepts is accepted when it returns, so calling it or not, and when, is all a fault has to decide.
 * Rejects when `closing` cuts a delay short.
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
      return send(response, PAGE_OF_A_PROXY, now());
    case 'status':
      return send(response, { ...refuse(fault.status, 'injected fault'), ...fault }, now());
    case 'delay':
      await sleep(fault.ms, undefined, { signal: closing });
  }
  send(response, handled(), now());
}

function reset({ socket }: ServerResponse): void {
  socket?.resetAndDestroy();
}
