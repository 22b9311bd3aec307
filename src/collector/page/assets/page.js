// The pages work without this file. It updates the live events, and opens rows on a click anywhere.

const live = document.getElementById('live');
if (live !== null) keepLive(live.dataset.stream);
document.addEventListener('click', openLine);

/**
 * Shows arrivals. Each message of the server holds everything that the page would show if it were loaded now.
 *
 * New rows wait while the reader has paused, has a row open, or is in the list with the keyboard or a selection, so that
 * nothing moves. Existing rows are always updated.
 */
function keepLive(address) {
  const waitingButton = document.getElementById('waiting');
  const pauseButton = document.getElementById('pause');
  const state = document.getElementById('state');
  let source;
  let latest;
  let shouldWait = false;

  const isReading = () => {
    const rows = document.getElementById('rows');
    const selection = document.getSelection();
    return (
      rows.querySelector('details[open], :focus-visible') !== null ||
      (selection !== null && !selection.isCollapsed && rows.contains(selection.anchorNode))
    );
  };
  const render = ({ isWanted }) => {
    if (latest === undefined) return;
    const arrived = take(latest, isWanted || !(shouldWait || isReading()));
    waitingButton.hidden = arrived.waiting === 0;
    if (arrived.waiting > 0) waitingButton.textContent = `Show ${arrived.waiting} new`;
    if (arrived.shown > 0) say(`${arrived.shown} new ${arrived.shown === 1 ? 'event' : 'events'}`);
  };
  const connect = () => {
    if (source !== undefined) return;
    source = new EventSource(address);
    source.onopen = () => show(shouldWait ? 'paused' : 'on');
    source.onerror = () => show('off');
    source.onmessage = ({ data }) => {
      latest = parse(data);
      render({ isWanted: false });
    };
  };
  const show = (name) => {
    state.textContent = { on: 'Live', off: 'Reconnecting', paused: 'Paused' }[name];
    state.dataset.state = name;
  };

  waitingButton.addEventListener('click', () => {
    render({ isWanted: true });
    pauseButton.focus({ preventScroll: true });
  });
  pauseButton.addEventListener('click', () => {
    shouldWait = !shouldWait;
    pauseButton.setAttribute('aria-pressed', String(shouldWait));
    show(shouldWait ? 'paused' : source?.readyState === EventSource.OPEN ? 'on' : 'off');
    render({ isWanted: false });
  });
  // Browsers limit connections per server, so hidden pages must not block others from loading.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) return connect();
    source?.close();
    source = undefined;
  });
  live.hidden = false;
  if (!document.hidden) connect();
}

function parse(markup) {
  const template = document.createElement('template');
  template.innerHTML = markup;
  return template.content;
}

/** Replaces the current parts by those of the server. Returns how many rows are new and how many are shown. */
function take(sent, isWelcome) {
  for (const id of ['totals', 'refused']) replace(document.getElementById(id), sent.getElementById(id).cloneNode(true));
  const list = document.getElementById('rows');
  const present = new Map([...list.children].map((row) => [row.id, row]));
  const rows = [...sent.getElementById('rows').children];
  const newest = Number(list.firstElementChild?.dataset.number ?? 0);
  if (Number(rows[0]?.dataset.number ?? 0) < newest) {
    // Numbers restart only after all events were cleared.
    list.replaceChildren(...rows.map((row) => row.cloneNode(true)));
    return { shown: 0, waiting: 0 };
  }
  const arrived = rows.filter(({ dataset }) => Number(dataset.number) > newest).length;
  for (const row of rows) {
    const old = present.get(row.id);
    if (old !== undefined && old.dataset.version !== row.dataset.version) replace(old, row.cloneNode(true));
  }
  if (arrived === 0) return { shown: 0, waiting: 0 };
  if (!isWelcome) return { shown: 0, waiting: arrived };
  const isFirst = list.childElementCount === 0;
  list.replaceChildren(
    ...rows.map((row) => {
      const kept = document.getElementById(row.id);
      if (kept !== null) return kept;
      const added = row.cloneNode(true);
      if (!isFirst) added.classList.add('fresh');
      return added;
    }),
  );
  return { shown: arrived, waiting: 0 };
}

/** Keeps open details open, and keeps the focus. */
function replace(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const details = fresh.querySelector('details');
  if (details !== null) details.open = old.querySelector('details')?.open ?? false;
  const focused = old.contains(document.activeElement) ? document.activeElement.localName : undefined;
  old.replaceWith(fresh);
  if (focused !== undefined) fresh.querySelector(focused)?.focus({ preventScroll: true });
}

/** Opens a row on a click anywhere in its line, except on a link or while selecting text. */
function openLine({ target }) {
  const line = target.closest('.line');
  if (line === null || target.closest('a') !== null || !document.getSelection().isCollapsed) return;
  const details = line.parentElement.querySelector('details');
  details.open = !details.open;
}

// Often enough to notice activity, but not so often that a screen reader reads nothing else.
const SAY_EVERY_MS = 10_000;
let lastSaid = Number.NEGATIVE_INFINITY;

function say(text) {
  if (performance.now() - lastSaid < SAY_EVERY_MS) return;
  lastSaid = performance.now();
  document.getElementById('said').textContent = text;
}
