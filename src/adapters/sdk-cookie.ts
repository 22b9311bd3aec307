import { readCookie } from './cookies.js';

/** The JSON in the browser SDK's own cookie, as far as it is read here. A browser may hold anything. */
export interface SdkData {
  readonly sid?: unknown;
  readonly session_last_activity?: unknown;
  readonly session_count?: unknown;
  readonly fb_init?: unknown;
}

/** What the cookie of this name holds; nothing where there is none, or no JSON in it. */
export function readSdkData(cookies: string, name: string): SdkData {
  const json = readCookie(cookies, name);
  if (json === undefined) return {};
  try {
    return (JSON.parse(json) as SdkData | null) ?? {};
  } catch {
    return {};
  }
}
