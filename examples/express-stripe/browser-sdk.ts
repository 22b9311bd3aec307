import { fileURLToPath } from 'node:url';

/** The official browser SDK, served as `/ours.mjs`. A shop with a bundler imports the package instead. */
export const BROWSER_SDK_FILE: string = fileURLToPath(import.meta.resolve('@oursprivacy/cdp-sdk'));

/**
 * Starts the browser SDK, which stores visitor and session in cookies and sends to `oursUrl`.
 *
 * A new browser requests its first page without these cookies. The page reloads once, so that the server can assign the visitor. A
 * browser that stores no cookies does not reload.
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
