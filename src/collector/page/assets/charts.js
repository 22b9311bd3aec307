// Draws the charts of an experiment's page. The tables of the page have the same figures.

const DAY_SECONDS = 86_400;
const COLOURS = 6;

const percents = (_chart, ticks) => ticks.map(percent);
const dayTicks = {
  incrs: [1, 2, 7, 14, 28, 56, 112].map((days) => days * DAY_SECONDS),
  values: (_chart, ticks) => ticks.map((tick) => dayOf(tick).slice(5)),
};

for (const place of document.querySelectorAll('[data-plot]')) {
  const plot = JSON.parse(place.dataset.plot);
  let chart = draw(place, plot);
  new ResizeObserver(() => chart.setSize(sizeOf(place))).observe(place);
  // A chart does not change its colours after drawing.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    chart.destroy();
    chart = draw(place, plot);
  });
}

function draw(place, { kind, x, lines }) {
  const isDays = kind === 'days';
  const style = getComputedStyle(place);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  const options = {
    ...sizeOf(place),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
    // Integer pixels would turn a smooth curve into steps.
    pxAlign: 0,
    // Space for half of the outermost labels.
    padding: [8, 24, 0, isDays ? 0 : 24],
    scales: { x: { time: false }, y: { range: (_chart, _low, high) => [0, Math.max(high, Number.MIN_VALUE) * 1.05] } },
    axes: [
      { ...axis, size: 28, space: 56, ...(isDays ? dayTicks : { values: percents }) },
      { ...axis, size: 52, show: isDays, values: percents },
    ],
    series: [{}, ...lines.map((_, number) => lineOf(colour(`--series-${number % COLOURS}`), number, kind, x.length))],
    hooks: { setCursor: [readOut(place, isDays)] },
  };
  return new uPlot(options, [x, ...lines], place);
}

function lineOf(colour, number, kind, length) {
  return {
    stroke: colour,
    width: 2,
    dash: number >= COLOURS ? [6, 4] : undefined,
    fill: kind === 'rates' ? `${colour}20` : undefined,
    points: { show: kind === 'days' && length <= 62, size: 5, fill: colour },
  };
}

/** Shows the values under the pointer in the legend. */
function readOut(place, isDays) {
  const figure = place.closest('figure');
  const at = figure.querySelector('.at');
  const values = figure.querySelectorAll('.legend .value');
  return ({ cursor: { idx }, data: [x, ...lines] }) => {
    const isOver = typeof idx === 'number';
    at.textContent = !isOver ? '' : isDays ? dayOf(x[idx]) : percent(x[idx]);
    values.forEach((value, number) => {
      const rate = isOver ? lines[number][idx] : null;
      value.textContent = rate === null ? '' : percent(rate);
    });
  };
}

function sizeOf(place) {
  return { width: place.clientWidth, height: place.clientHeight };
}

function dayOf(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function percent(rate) {
  return `${Number((rate * 100).toFixed(2))} %`;
}
