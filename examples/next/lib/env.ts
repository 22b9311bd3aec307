/** The server's environment. Without a variable, the server does not start. */
export const OURS_BASE_URL: string = read('OURS_BASE_URL');
export const STRIPE_URL: string = read('STRIPE_URL');
export const STRIPE_WEBHOOK_SECRET: string = read('STRIPE_WEBHOOK_SECRET');
export const VISITOR_KEY: string = read('VISITOR_KEY');

function read(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}
