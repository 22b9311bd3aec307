/** Short, so that hanging requests do not slow a short run down. */
export const REQUEST_TIMEOUT_MS = 2_000;
