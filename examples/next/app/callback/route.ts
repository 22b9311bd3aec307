import { requestHandler } from '../../lib/ours';

/** "Call me back": the event is sent after the response. */
export const POST = requestHandler((request) => {
  request.visitor.track('lead');
  return new Response(null, { status: 204 });
});
