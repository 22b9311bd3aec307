/** The options of the client that is exercised. */
export function optionsFor(baseUrl) {
  return {
    token: 'test_shop',
    experimentToken: 'exp_shop',
    baseUrl,
    // A slow machine is not what is tested.
    assignTimeoutMs: 20_000,
  };
}

/**
 * Uses the package as a small backend would and tells what came of it.
 *
 * @param modules what the subpaths of the package export
 */
export async function exercise({ requestHandler, currentVisitor, sealVisitor, openVisitor }, client) {
  const { variantName } = await client.assign('checkout', { userId: 'v', sessionId: 's' });
  client.identify({ userId: 'v', userProperties: { city: 'Zürich' } });
  client.track({ event: 'purchase', userId: 'v', sessionId: 's', eventProperties: { value: 49.9 }, distinctId: 'a' });
  client.track({ event: 'purchase', userId: 'v', sessionId: 's', eventProperties: { value: 5 }, distinctId: 'b' });

  const handler = requestHandler(client, async (request) => {
    await undefined;
    // On Workers another request has another client: this one's events are flushed here.
    await request.visitor.track('signup', {}, { distinctId: 'c' }).settled({ timeoutMs: 20_000 });
    return new Response(currentVisitor()?.userId);
  });
  const headers = { cookie: 'ours_device_id=w; _cord_sdk_data=%7B%22sid%22%3A%22t%22%7D' };
  const answer = await handler(new Request('https://shop.example/buy', { headers }));
  const answered = await answer.text();

  const { pending, rejected, dropped } = await client.flush({ timeoutMs: 20_000 });
  await client.close();

  const keys = [crypto.getRandomValues(new Uint8Array(32))];
  const token = await sealVisitor({ userId: 'v', sessionId: 's' }, keys);
  const { visitor } = await openVisitor(token, keys);
  return {
    isAssigned: variantName !== undefined,
    answered,
    totals: { pending, rejected, dropped },
    visitor,
  };
}
