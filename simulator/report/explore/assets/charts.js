// Small charts: a metric along each setting, and the cell's series over time.
const NS = 'http://www.w3.org/2000/svg';
const svg = (tag, attributes = {}, text = '') => {
  const el = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  if (text) el.textContent = text;
  return el;
};
const W = 320, H = 168, LEFT = 46, RIGHT = 14, TOP = 12, BOTTOM = 26;
const SCALES = {s: [[60, 'min'], [1, 's'], [1e-3, 'ms'], [1e-6, 'µs']], '1/s': [[1e3, 'k/s'], [1, '/s']], ratio: [[0.01, '%']],
  B: [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']], 'B/s': [[1e9, 'GB/s'], [1e6, 'MB/s'], [1e3, 'kB/s'], [1, 'B/s']]};
const ofSize = (unit, size) => (SCALES[unit] || [[1, unit === '1' ? '' : unit]]).find(([factor], i, all) => size >= factor * (factor === 60 ? 2 : 1) || i === all.length - 1);

function niceTicks(low, high) {
  const rough = (high - low) / 3.5 || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(x => x * power).find(x => x >= rough - 1e-12);
  const found = [];
  for (let x = Math.ceil(low / step - 1e-9) * step; x <= high + 1e-9 * step; x += step) found.push(Math.abs(x) < 1e-12 * step ? 0 : x);
  return found;
}
function frame(values, unit, title) {
  // An empty chart whose vertical axis holds the values: [svg, y(value), unit's name].
  const [factor, symbol] = ofSize(unit, Math.max(...values.map(Math.abs), 0));
  let low = Math.min(...values), high = Math.max(...values);
  const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  const below = low >= 0;
  high += room; low = below && low - room < 0 ? 0 : low - room;
  if (unit === 'ratio') { high = Math.min(1 + room / 2, high); if (high - low < 1e-9) low = Math.max(0, high - 0.05); }
  const y = value => TOP + (H - TOP - BOTTOM) * (1 - (value - low) / (high - low));
  const chart = svg('svg', {viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': title});
  for (const tick of niceTicks(low / factor, high / factor)) {
    const ty = y(tick * factor);
    chart.append(svg('line', {class: 'gridline', x1: LEFT, x2: W - RIGHT, y1: ty, y2: ty}));
    chart.append(svg('text', {x: LEFT - 6, y: ty + 4, 'text-anchor': 'end'}, `${+tick.toPrecision(6)}`));
  }
  chart.append(svg('line', {class: 'axis', x1: LEFT, x2: W - RIGHT, y1: H - BOTTOM, y2: H - BOTTOM}));
  return [chart, y, symbol];
}
// What an interval can hold: no share above 1, nothing below 0 where no value is.
const within = (value, unit, least) => Math.min(unit === 'ratio' ? 1 : Infinity, Math.max(least >= 0 ? 0 : -Infinity, value));
function figure(title, symbol, chart) {
  const caption = make('figcaption', {textContent: title});
  if (symbol) caption.append(make('small', {textContent: ` (${symbol})`}));
  return make('figure', {}, caption, chart);
}

// -- along a setting --------------------------------------------------------------------------------------------
function drawAlong(cell) {
  const drawn = [];
  for (const metric of first) sweep.settings.forEach((setting, k) => {
    if (setting.values.length > 1) { const one = along(cell, metric, setting, k); if (one) drawn.push(one); }
  });
  $('along').replaceChildren(...drawn);
}
function xOf(setting) {
  // Numbers where they lie (on a logarithmic axis where they span much), choices side by side.
  const {numbers, values} = setting, n = values.length, wide = W - LEFT - RIGHT;
  if (!setting.numeric || new Set(numbers).size < n) return i => LEFT + wide * (i + 0.5) / n;
  const low = numbers[0], high = numbers.at(-1), log = low > 0 && high > 15 * low;
  const f = log ? Math.log : x => x;
  return i => LEFT + 10 + (wide - 20) * (f(numbers[i]) - f(low)) / (f(high) - f(low));
}
function along(cell, metric, setting, k) {
  const there = setting.values.map((text, n) => [n, cells.get(keyOf(cell.at.with(k, n)))])
    .filter(([, other]) => finished(other) && other.numbers[metric.i]).map(([n, other]) => [n, other, other.numbers[metric.i]]);
  if (!there.length) return null;
  const least = Math.min(...there.map(([, , number]) => number[0]));
  const [chart, y, symbol] = frame(there.flatMap(([, , [mean, low, high]]) => [mean, within(low ?? mean, metric.unit, least), within(high ?? mean, metric.unit, least)]), metric.unit,
    `${metric.name} by ${setting.path}: ${there.map(([n, , number]) => `${setting.values[n]}: ${number[3]}`).join('; ')}`);
  const x = xOf(setting), end = value => y(within(value, metric.unit, least));
  if (setting.numeric) {  // joined where cells are neighbours: categories are not
    let d = '';
    there.forEach(([n, , number], i) => { d += `${i && there[i - 1][0] === n - 1 ? 'L' : 'M'}${x(n)} ${y(number[0])}`; });
    chart.append(svg('path', {class: 'joined', d}));
  }
  for (const [n, other, [mean, low, high, text]] of there) {
    if (low !== null && high !== null) chart.append(svg('line', {class: 'bar', x1: x(n), x2: x(n), y1: end(low), y2: end(high)}));
    const dot = svg('circle', {class: n === at[k] ? 'dot here' : 'dot', cx: x(n), cy: y(mean), r: 5, 'data-cell': other.number});
    dot.append(svg('title', {}, `${setting.values[n]}: ${text}`));
    dot.addEventListener('click', () => go(other.at));
    chart.append(dot);
  }
  labels(chart, setting, x, k);
  return figure(`${metric.name} by ${setting.short}`, symbol, chart);
}
function labels(chart, setting, x, k) {
  // As many as fit, the value that is chosen always.
  const taken = [], order = [at[k], ...setting.values.keys()];
  for (const n of order) {
    const text = setting.values[n].length > 13 ? `${setting.values[n].slice(0, 12)}…` : setting.values[n], half = 3.1 * text.length + 4;
    const middle = Math.max(half, Math.min(W - half, x(n)));
    if (taken.some(([a, b]) => middle - half < b && middle + half > a)) continue;
    taken.push([middle - half, middle + half]);
    chart.append(svg('text', {x: middle, y: H - 9, 'text-anchor': 'middle', class: n === at[k] ? 'here-label' : ''}, text));
  }
}

// -- over time --------------------------------------------------------------------------------------------------
const decoded = new Map();
function columnOf(cell, name) {
  const key = `${cell.number} ${name}`;
  if (!decoded.has(key)) {
    const raw = atob(cell.series.columns[name]), out = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    decoded.set(key, new Float32Array(out.buffer));
  }
  return decoded.get(key);
}
function line(cell, name, x, y) {
  let d = '', open = false;
  columnOf(cell, name).forEach((value, i) => {
    if (!Number.isFinite(value)) { open = false; return; }
    d += `${open ? 'L' : 'M'}${x((i + 0.5) * cell.series.step).toFixed(1)} ${y(value).toFixed(1)}`;
    open = true;
  });
  return d;
}
function drawTime(cell) {
  $('overtime').hidden = !cell.series;
  if (!cell.series) return;
  const {duration, warmup, faults, together, shown} = cell.series;
  $('timenote').textContent = `Mean over replications, by windows of ${shown}${together > 1 ? ' (latency: the worst of those put together)' : ''}. Grey: warm-up; red: a fault is on.`
    + (pinned ? ` In yellow: cell ${pinned.number}, which is pinned.` : '');
  const x = t => LEFT + (W - LEFT - RIGHT) * Math.min(1, t / duration);
  const also = pinned && pinned !== cell && pinned.series;
  $('time').replaceChildren(...sweep.charts.map(({name, title, unit}) => {
    const values = [...columnOf(cell, name), ...(also ? columnOf(pinned, name) : [])].filter(Number.isFinite);
    if (!values.length) return null;
    const [chart, y, symbol] = frame([...values, ...(unit === 'ratio' ? [] : [0])], unit, `${title} over time: from ${Math.min(...values).toPrecision(3)} to ${Math.max(...values).toPrecision(3)} ${unit}`);
    chart.prepend(svg('rect', {class: 'warm', x: LEFT, y: TOP, width: x(warmup) - LEFT, height: H - TOP - BOTTOM}),
      ...faults.map(([begin, end]) => svg('rect', {class: 'fault', x: x(begin), y: TOP, width: Math.max(1, x(end) - x(begin)), height: H - TOP - BOTTOM})));
    if (also) chart.append(svg('path', {class: 'l pin', d: line(pinned, name, x, y)}));
    chart.append(svg('path', {class: 'l', d: line(cell, name, x, y)}));
    const [size, word] = duration >= 7200 ? [3600, 'h'] : duration >= 240 ? [60, 'min'] : [1, 's'];
    for (const t of niceTicks(0, duration / size)) chart.append(svg('text', {x: x(t * size), y: H - 9, 'text-anchor': 'middle'}, `${+t.toPrecision(4)}${t ? '' : ` ${word}`}`));
    return figure(title, symbol, chart);
  }).filter(Boolean));
}

// -- begin ------------------------------------------------------------------------------------------------------
function fromHash() {
  const found = /at=([0-9.]+)/.exec(location.hash);
  const where = found && found[1].split('.').map(Number);
  if (where && where.length === at.length && where.every((n, k) => n < sweep.settings[k].values.length)) at = where;
}
const dark = matchMedia('(prefers-color-scheme: dark)');
root.classList.toggle('dark', dark.matches);
dark.addEventListener('change', () => root.classList.toggle('dark', dark.matches));
$('theme').addEventListener('click', () => root.classList.toggle('dark'));
addEventListener('hashchange', () => { fromHash(); show(); });
buildSettings(); fromHash(); show();
