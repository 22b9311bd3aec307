import type { SendResult } from '../transport/send-result.js';

/** Why there is no answer. */
export class NoAnswer {
  /** A sentence. */
  readonly why: string;
  /** Whether the service may have an answer but cannot give it now. */
  readonly isOutage: boolean;

  constructor(why: string, isOutage = false) {
    this.why = why;
    this.isOutage = isOutage;
  }
}

export function explain(result: Exclude<SendResult, { kind: 'delivered' }>): NoAnswer {
  switch (result.kind) {
    case 'unauthorized':
      return new NoAnswer('the service rejected experimentToken (HTTP 401): check it or OURS_EXPERIMENT_TOKEN.');
    case 'retryable':
      if (result.reason !== 'HTTP 404') return new NoAnswer(`${result.reason}.`, true);
      return new NoAnswer(
        result.isServiceAnswer ? 'unknown experiment (HTTP 404).' : 'HTTP 404, not from the service: check baseUrl.',
      );
    default:
      return new NoAnswer(`the service refused (HTTP ${result.kind === 'rejected' ? result.status : 413}).`);
  }
}
