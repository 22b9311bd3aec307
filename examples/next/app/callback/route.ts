import { requestHandler } from '../../lib/ours';

/** "Call me back": what is tracked right before the answer is sent after it. */
export const POST = requestHandler((request) => {
  request.visitor.track('lead');
  return new Response(null, { status: 204 });
});
