// The pages work without this file: it keeps the live events live, and opens rows wherever they are pressed.

const live = document.getElementById('live');
if (live !== null) keepLive(live.dataset.stream);
document.addEventListener('click', openLine);

/**
 * Shows what arrives, which the server sends as all that the page would show if it were asked for now.
 *
 * New rows wait while the reader has paused, has a row open or is at one with the keyboard or a selection: nothing may
 * move under their hands. Rows that are there already are brought up to date all the same.
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
  // A browser opens few connections to one server: pages nobody looks at must not keep the others from loading.
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

/** Puts what the server sent in the place of what is there; tells how many rows are new and whether they were shown. */
function take(sent, isWelcome) {
  for (const id of ['totals', 'refused']) replace(document.getElementById(id), sent.getElementById(id).cloneNode(true));
  const list = document.getElementById('rows');
  const present = new Map([...list.children].map((row) => [row.id, row]));
  const rows = [...sent.getElementById('rows').children];
  const newest = Number(list.firstElementChild?.dataset.number ?? 0);
  if (Number(rows[0]?.dataset.number ?? 0) < newest) {
    // Numbers only start again when all events were cleared.
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

/** What is open stays open, and what has the focus keeps it. */
function replace(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const details = fresh.querySelector('details');
  if (details !== null) details.open = old.querySelector('details')?.open ?? false;
  const focused = old.contains(document.activeElement) ? document.activeElement.localName : undefined;
  old.replaceWith(fresh);
  if (focused !== undefined) fresh.querySelector(focused)?.focus({ preventScroll: true });
}

/** The whole line opens a row, unless it was a link in it or words were being marked. */
function openLine({ target }) {
  const line = target.closest('.line');
  if (line === null || target.closest('a') !== null || !document.getSelection().isCollapsed) return;
  const details = line.parentElement.querySelector('details');
  details.open = !details.open;
}

// Often enough to know that something happens, and rarely enough to hear anything else.
const SAY_EVERY_MS = 10_000;
let lastSaid = Number.NEGATIVE_INFINITY;

function say(text) {
  if (performance.now() - lastSaid < SAY_EVERY_MS) return;
  lastSaid = performance.now();
  document.getElementById('said').textContent = text;
}
