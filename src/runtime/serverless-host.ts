// Variables that only these hosts set, and that they always set.
const FREEZING_HOSTS = {
  AWS_LAMBDA_FUNCTION_NAME: 'AWS Lambda',
  VERCEL: 'Vercel',
  NETLIFY: 'Netlify',
  FUNCTIONS_WORKER_RUNTIME: 'Azure Functions',
  FUNCTION_TARGET: 'Google Cloud Functions',
};

/** The host, when it is known to freeze a process as soon as it has answered. */
export function serverlessHost(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return Object.entries(FREEZING_HOSTS).find(([name]) => env[name])?.[1];
}
