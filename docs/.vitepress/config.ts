import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { headingId } from '../../build/heading-id.js';

interface Item {
  readonly text: string;
  readonly link?: string;
  readonly items?: Item[];
}

const page = (text: string, link: string): { text: string; link: string } => ({ text, link });

/** Written by TypeDoc before the site is built; without it the site has no API reference. */
const apiSidebar = new URL('../api/typedoc-sidebar.json', import.meta.url);
const apiItems = existsSync(apiSidebar) ? readFileSync(apiSidebar, 'utf8') : '[]';
const api = JSON.parse(apiItems.replace('"/api/ours-ingest.md"', '"/api/ours-ingest/"')) as Item[];

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Pages that are elsewhere on the site than below docs/. */
const OUTSIDE: Readonly<Record<string, string>> = {
  'ARCHITECTURE.md': 'architecture.md',
  'CHANGELOG.md': 'changelog.md',
  'CODE_OF_CONDUCT.md': 'code-of-conduct.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  'bench/README.md': 'benchmarks.md',
  // Beside a folder of the same name, which web servers would answer with instead.
  'docs/api/ours-ingest.md': 'api/ours-ingest/index.md',
};

/** A relative link as it is right in the repository → the same page's address in the site. */
function siteLink(href: string, file: string): string {
  const [, target = '', anchor = ''] = /^([^#]+\.md)(#.*)?$/.exec(href) ?? [];
  if (target === '' || /^[a-z]+:|^\//.test(href)) return href;
  const page = relative(repository, resolve(dirname(file), target));
  return `/${OUTSIDE[page] ?? page.replace(/^docs\//, '')}${anchor}`;
}

/** The list of pages for language models, at the root of the site, with the addresses that its links have there. */
function writeLlmsTxt(outDir: string): void {
  const text = readFileSync(resolve(repository, 'llms.txt'), 'utf8');
  const linked = text.replace(/\]\(([^)]+)\.md\)/g, (_, path: string) => {
    const link = siteLink(`${path}.md`, resolve(repository, 'llms.txt'));
    return `](.${link.replace(/(index)?\.md$/, '')})`;
  });
  writeFileSync(resolve(outDir, 'llms.txt'), linked);
}

// The documents outside docs/ belong to the site too, so the repository is its source and docs/ its root.
export default defineConfig({
  title: 'ours-ingest',
  description: 'Server-side events for Ours Privacy',
  srcDir: '..',
  outDir: '../site',
  cacheDir: '../node_modules/.cache/vitepress',
  srcExclude: [
    'README.md',
    '{.changeset,.github,artifacts,dist,examples,site,src,temp,test}/**',
    'bench/{node_modules,results}/**',
  ],
  rewrites: { ...OUTSIDE, 'docs/:path(.*)': ':path' },
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  lastUpdated: false,
  buildEnd: ({ outDir }) => writeLlmsTxt(outDir),
  markdown: {
    anchor: { slugify: headingId },
    config(md) {
      md.core.ruler.push('site-links', ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === 'link_open' ? token.attrGet('href') : null;
          if (href !== null) token.attrSet('href', siteLink(href, env.realPath ?? env.path));
        }
      });
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      page('Guide', '/getting-started'),
      page('Troubleshooting', '/troubleshooting'),
      page('API', api.length > 0 ? '/api/' : '/client'),
      page('Architecture', '/architecture'),
    ],
    sidebar: {
      '/api/': [{ text: 'API reference', items: api }],
      '/': [
        {
          text: 'Start',
          items: [
            page('Getting started', '/getting-started'),
            page('Concepts', '/concepts'),
            page('How a conversion is counted', '/how-a-conversion-is-counted'),
            page('Sessions', '/sessions'),
            page('Exposures', '/exposures'),
            page('Glossary', '/glossary'),
            {
              text: 'Coming from another SDK',
              link: '/migrate/',
              items: [
                page('The service’s own SDK', '/migrate/server-sdk'),
                page('Segment', '/migrate/segment'),
                page('PostHog', '/migrate/posthog'),
                page('Mixpanel', '/migrate/mixpanel'),
              ],
            },
          ],
        },
        {
          text: 'AI agents',
          items: [page('Report this purchase', '/agents'), page('MCP server', '/mcp')],
        },
        {
          text: 'Use',
          items: [
            page('Client', '/client'),
            page('Options', '/options'),
            page('What a value becomes', '/input'),
            page('The service’s schema', '/schema'),
            {
              text: 'Frameworks',
              link: '/frameworks/',
              items: [
                page('Express', '/frameworks/express'),
                page('Fastify', '/frameworks/fastify'),
                page('NestJS', '/frameworks/nestjs'),
                page('Hono', '/frameworks/hono'),
                page('Koa', '/frameworks/koa'),
                page('Next.js', '/frameworks/nextjs'),
                page('SvelteKit', '/frameworks/sveltekit'),
                page('Nuxt', '/frameworks/nuxt'),
                page('h3', '/frameworks/h3'),
                page('Astro', '/frameworks/astro'),
                page('TanStack Start', '/frameworks/tanstack-start'),
                page('React Router', '/frameworks/react-router'),
                page('Elysia', '/frameworks/elysia'),
                page('tRPC', '/frameworks/trpc'),
                page('Workers, Deno, Bun', '/frameworks/request'),
                page('AWS Lambda', '/frameworks/lambda'),
                page('Google Cloud', '/frameworks/google-cloud'),
                page('Azure Functions', '/frameworks/azure'),
                page('Netlify', '/frameworks/netlify'),
              ],
            },
            {
              text: 'Feature flags',
              items: [page('OpenFeature', '/openfeature'), page('Flags SDK', '/flags-sdk')],
            },
            page('Workers and serverless', '/serverless'),
            {
              text: 'Payments',
              link: '/payments',
              items: [
                page('Stripe in detail', '/stripe'),
                page('One purchase, reported twice', '/one-purchase'),
                page('Visitor tokens', '/visitor-tokens'),
              ],
            },
            page('Collector', '/collector'),
            page('Testing', '/testing'),
            page('Command line', '/cli'),
            page('Your account', '/account'),
          ],
        },
        {
          text: 'Operate',
          items: [
            {
              text: 'Delivery guarantees',
              link: '/delivery-guarantees',
              items: [
                page('Circuit breaker and poison isolation', '/delivery'),
                page('Whose answer counts', '/whose-answer'),
                page('Clocks', '/clocks'),
                page('The end of a process', '/process-lifetime'),
              ],
            },
            {
              text: 'Outboxes',
              link: '/outboxes',
              items: [
                page('SQLite', '/outbox-sqlite'),
                page('Redis', '/outbox-redis'),
                page('PostgreSQL', '/outbox-postgres'),
                page('When an outbox fails', '/outbox-errors'),
              ],
            },
            page('Relay and operations', '/relay'),
            page('Telemetry', '/telemetry'),
            page('Privacy', '/privacy'),
            page('Sealing and privacy', '/sealing'),
            page('Erasing one person', '/erasing'),
            page('Performance', '/performance'),
            page('Troubleshooting', '/troubleshooting'),
          ],
        },
        {
          text: 'Understand',
          items: [
            page('Protocol and assumptions', '/protocol'),
            page('Security model', '/threat-model'),
            page('Architecture', '/architecture'),
            {
              text: 'Decisions',
              items: [
                page('Undici dispatch', '/decisions/001-undici-dispatch'),
                page('Own JSON bytes', '/decisions/002-own-json-bytes'),
                page('No p-retry on the delivery line', '/decisions/003-no-p-retry-on-the-delivery-line'),
                page('At least once, idempotent', '/decisions/004-at-least-once-and-idempotent'),
                page('One client per request on Workers', '/decisions/005-one-client-per-request-on-workers'),
                page('Quadrature for P(best)', '/decisions/006-quadrature-for-probability-to-be-best'),
                page('Collector inside the package', '/decisions/007-collector-inside-the-package'),
                page('Size of the core on Workers', '/decisions/008-size-of-the-core-on-workers'),
              ],
            },
            page('Testing under faults', '/testing-under-faults'),
            page('Testing by mutation', '/testing-by-mutation'),
            page('Benchmarks', '/benchmarks'),
            page('Contributing', '/contributing'),
            page('Security policy', '/security'),
            page('Code of conduct', '/code-of-conduct'),
            page('Changelog', '/changelog'),
          ],
        },
      ],
    },
    footer: { message: 'MIT licence' },
  },
});
