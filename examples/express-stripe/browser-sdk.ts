import { fileURLToPath } from 'node:url';

/** The official browser SDK, to be served as `/ours.mjs`. A shop with a bundler imports the package instead. */
export const BROWSER_SDK_FILE: string = fileURLToPath(import.meta.resolve('@oursprivacy/cdp-sdk'));

/**
 * Starts the browser SDK, which leaves visitor and session in cookies and sends to `oursUrl`.
 *
 * A new browser's first page came without them. It is asked for once more, now that the server can assign its visitor; a
 * browser that keeps no cookies is not asked again and again.
 */
export function browserSdk(oursUrl: string): string {
  return `<script type="module">
  import ours from '/ours.mjs';
  const isKnown = () => document.cookie.includes('ours_device_id=');
  const wasKnown = isKnown();
  ours.init('test_shop', { custom_domain: ${JSON.stringify(oursUrl)} });
  ours.getVisitorId();
  ours.getSessionId();
  if (!wasKnown && isKnown()) location.reload();
</script>`;
}
