import type { Answer } from '../http/answer.js';
import type { AssetName, Assets } from './assets.js';
import { type Html, html } from './html.js';
import { EVENTS_PATH, EXPERIMENTS_PATH } from './paths.js';

/** The parts of one page. */
export interface Page {
  /** The title. */
  readonly title: string;
  readonly section: 'events' | 'experiments' | undefined;
  /** Begins with the page's `h1`. */
  readonly main: Html;
  /** @default 200 */
  readonly status?: number;
  /** Whether it has charts. @default false */
  readonly hasCharts?: boolean;
}

/** Answers with a page. */
export type ShowPage = (page: Page) => Answer;

/** Only the collector's own files may load, and inline scripts and styles are blocked. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  // Not no-referrer, which hides the origin of forms. The origin shows that a form is the collector's own.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** @param hasPassword whether a password is asked for; without one, only this machine can see the pages */
export function createShowPage(assets: Assets, hasPassword: boolean): ShowPage {
  const seenBy = hasPassword
    ? 'Only people with the password can see this page.'
    : 'Nothing on this page leaves this machine.';
  const script = (name: AssetName): Html => html`<script defer src="${assets.href(name)}"></script>`;
  const stylesheet = (name: AssetName): Html => html`<link rel="stylesheet" href="${assets.href(name)}">`;

  return ({ title, section, main, status = 200, hasCharts = false }) => {
    const link = (path: string, name: string, isCurrent: boolean): Html =>
      html`<a href="${path}"${isCurrent && html` aria-current="page"`}>${name}</a>`;
    const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · ours-ingest collector</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${assets.href('icon.svg')}">
${hasCharts && stylesheet('uPlot.min.css')}
${stylesheet('theme.css')}
${stylesheet('page.css')}
${stylesheet('events.css')}
${stylesheet('experiments.css')}
${hasCharts && script('uPlot.iife.min.js')}
${script('page.js')}
${hasCharts && script('charts.js')}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
  <p class="brand"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 8.5 6 12.5 14 3.5"/></svg>
  ours-ingest <span>collector</span></p>
  <nav aria-label="Pages">
    ${link(EVENTS_PATH, 'Events', section === 'events')}
    ${link(EXPERIMENTS_PATH, 'Experiments', section === 'experiments')}
  </nav>
</header>
<main id="main" tabindex="-1">
${main}
</main>
<footer><p>All times are UTC. ${seenBy}</p></footer>
</body>
</html>
`;
    return {
      status,
      body: page.toString(),
      headers: { ...SECURITY_HEADERS, 'content-type': 'text/html; charset=utf-8' },
    };
  };
}

/** Redirects to `path`, so that reloading does not repeat the action. */
export function redirect(path: string): Answer {
  return { status: 303, body: '', headers: { ...SECURITY_HEADERS, location: path } };
}

/** Keeps the answer open for server-sent events. */
export function eventStream(stream: NonNullable<Answer['stream']>): Answer {
  return { status: 200, body: '', headers: { ...SECURITY_HEADERS, 'content-type': 'text/event-stream' }, stream };
}

/** An error page. */
export function refusalPage(show: ShowPage, status: number, title: string, message: string): Answer {
  return show({
    title,
    status,
    section: undefined,
    main: html`<h1>${title}</h1>
<p class="lead">${message}</p>
<p><a href="${EVENTS_PATH}">Back to the events</a></p>`,
  });
}
