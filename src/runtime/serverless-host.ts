// Variables that these hosts always set, and no others.
const FREEZING_HOSTS = {
  AWS_LAMBDA_FUNCTION_NAME: 'AWS Lambda',
  VERCEL: 'Vercel',
  NETLIFY: 'Netlify',
  FUNCTIONS_WORKER_RUNTIME: 'Azure Functions',
  FUNCTION_TARGET: 'Google Cloud Functions',
};

/** The name of a host that is known to freeze the process after each response. */
export function serverlessHost(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return Object.entries(FREEZING_HOSTS).find(([name]) => env[name])?.[1];
}
