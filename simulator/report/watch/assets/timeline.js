// The time line: requests and failures, latency, hits and weights over time, faults behind, events on top.
const strips = $('strips');
let line = null;  // {pen, w, h, x0, x1} of the last drawing
let stripImage = null;

const STRIPS = [
  {name: 'requests/s', draw: requestsStrip}, {name: 'latency p50, p99', draw: latencyStrip},
  {name: 'L1 hits', draw: hitsStrip}, {name: 'weights', draw: weightsStrip, wants: () => weights.rows.length > 0},
];

function drawStrips() {
  const [c, w, h] = sized(strips);
  const phone = w < 600, x0 = phone ? 12 : 128, x1 = w - (phone ? 12 : 76);
  line = {pen: c, w, h, x0, x1, x: t => x0 + (x1 - x0) * clamp(t / play.duration, 0, 1)};
  c.clearRect(0, 0, w, h);
  const top = 26, shown = STRIPS.filter(strip => !strip.wants || strip.wants());
  const tall = (h - top - 24) / shown.length;
  c.fillStyle = paint.warm; c.fillRect(x0, top, line.x(play.warmup) - x0, h - top - 22);
  c.fillStyle = paint.fault;
  for (const [begin, end] of faulty()) c.fillRect(line.x(begin), top - 4, Math.max(1.5, line.x(end) - line.x(begin)), h - top - 18);
  faultNames(c);
  shown.forEach((strip, n) => {
    const y0 = top + n * tall + 5, y1 = top + (n + 1) * tall - 5;
    c.strokeStyle = paint.faint; c.lineWidth = 1; c.beginPath(); c.moveTo(x0, y1 + 0.5); c.lineTo(x1, y1 + 0.5); c.stroke();
    const most = strip.draw(c, y0, y1);
    c.textBaseline = 'middle'; c.font = `500 11.5px ${FONT}`;
    c.fillStyle = paint.dim; c.textAlign = phone ? 'left' : 'right';
    if (phone) { c.lineWidth = 3; c.strokeStyle = paint.panel; c.strokeText(strip.name, x0 + 2, y0 + 4); c.fillText(strip.name, x0 + 2, y0 + 4); }
    else c.fillText(strip.name, x0 - 10, (y0 + y1) / 2);
    c.textAlign = 'left'; c.font = `400 10.5px ${FONT}`;
    if (!phone && most) c.fillText(most, x1 + 7, y0 + 5);
  });
  ticks(c, h);
  for (const beat of play.beats) if (beat.stop) marker(c, line.x(beat.t_s), paintOf(beat.kind));
  stripImage = document.createElement('canvas');
  stripImage.width = strips.width; stripImage.height = strips.height;
  stripImage.getContext('2d').drawImage(strips, 0, 0);
}

function faulty() {  // when any fault was on: spans that do not overlap
  const merged = [];
  for (const span of play.spans.filter(one => !STATES.includes(one.kind))) {  // by their begin
    const last = merged.at(-1);
    if (last && span.begin_s <= last[1]) last[1] = Math.max(last[1], span.end_s); else merged.push([span.begin_s, span.end_s]);
  }
  return merged;
}
const paintOf = kind => ['fault.begin', 'worst', 'invariant', 'panic.begin'].includes(kind) ? paint.bad
  : ['detected', 'sessions.moved', 'ejected', 'takeover'].includes(kind) ? paint.ill : paint.l1;
function marker(c, x, colour) {
  c.fillStyle = colour; c.beginPath(); c.moveTo(x - 4.5, 15); c.lineTo(x + 4.5, 15); c.lineTo(x, 22); c.closePath(); c.fill();
}
function faultNames(c) {
  c.font = `600 11px ${FONT}`; c.textBaseline = 'middle'; c.textAlign = 'left'; c.fillStyle = paint.bad;
  let free = -1;
  for (const beat of play.beats.filter(one => one.kind === 'fault.begin')) {
    const width = c.measureText(beat.title).width, x = Math.min(line.x(beat.t_s), line.w - width - 6);
    if (x < free) continue;
    c.fillText(beat.title, x, 7);
    free = x + width + 12;
  }
}
function ticks(c, h) {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800];
  const most = line.w < 600 ? 4 : 9, step = steps.find(s => play.duration / s <= most) || play.duration / most;
  c.font = `400 11px ${FONT}`; c.textAlign = 'center'; c.textBaseline = 'alphabetic'; c.fillStyle = paint.dim;
  for (let t = 0; t <= play.duration + 1e-9; t += step) {
    const text = step >= 3600 ? `${t / 3600} h` : step >= 60 ? `${t / 60} min` : `${t} s`;
    c.fillText(text, clamp(line.x(t), 16, line.w - 18), h - 6);
  }
}

function path(c, values, y, close) {
  c.beginPath();
  let open = false;
  values.forEach((value, i) => {
    const a = line.x(i * play.windows.step_s), b = line.x((i + 1) * play.windows.step_s);
    if (!Number.isFinite(value)) { open = false; return; }
    if (close) { c.rect(a, y(value), b - a + 0.05, close - y(value)); return; }
    if (open) c.lineTo(a, y(value)); else c.moveTo(a, y(value));
    c.lineTo(b, y(value));
    open = true;
  });
}
const largest = values => values ? values.reduce((a, b) => b > a ? b : a, 0) : 0;

function requestsStrip(c, y0, y1) {
  const all = series['requests.rate'], bad = series['failures.rate'], most = largest(all) || 1;
  const y = v => y1 - (y1 - y0) * v / most;
  c.fillStyle = paint.busy; c.globalAlpha = 0.5; path(c, all, y, y1); c.fill(); c.globalAlpha = 1;
  if (bad) { c.fillStyle = paint.bad; path(c, bad, y, y1); c.fill(); }
  return rate(most);
}
function latencyStrip(c, y0, y1) {
  const p50 = series['latency.p50'], p99 = series['latency.p99'];
  if (!p99) return '';
  const most = largest(p99) || 1, least = Math.max(1e-4, p50.reduce((a, b) => b > 0 && b < a ? b : a, most) * 0.7);
  const y = v => y1 - (y1 - y0) * clamp(Math.log(Math.max(v, least) / least) / Math.log(most / least), 0, 1);
  c.lineWidth = 1.4; c.strokeStyle = paint.l2; path(c, p50, y); c.stroke();
  c.strokeStyle = paint.ink; path(c, p99, y); c.stroke();
  return seconds(most);
}
function hitsStrip(c, y0, y1) {
  if (!series['hit_ratio.l1']) return '';
  c.fillStyle = paint.l1; c.globalAlpha = 0.28; path(c, series['hit_ratio.l1'], v => y1 - (y1 - y0) * v, y1); c.fill(); c.globalAlpha = 1;
  c.strokeStyle = paint.l1; c.lineWidth = 1.4; path(c, series['hit_ratio.l1'], v => y1 - (y1 - y0) * v); c.stroke();
  return '100\u00a0%';
}
function weightsStrip(c, y0, y1) {
  const colours = weights.levels.map(weightColour);
  for (let x = Math.floor(line.x0); x < line.x1; x++) {  // a pixel at a time: no seams
    const n = windowAt((x + 0.5 - line.x0) / (line.x1 - line.x0) * play.duration);
    const counts = weights.rows.map(row => row[n] || 0), total = counts.reduce((a, b) => a + b, 0);
    let y = y1;
    if (total > 0) counts.forEach((count, k) => {
      const high = (y1 - y0) * count / total;
      c.fillStyle = colours[k]; c.fillRect(x, y - high, 1, high + 0.5);
      y -= high;
    });
  }
  return '';
}

function drawHead(t) {
  const {pen: c, h} = line, x = line.x(t);
  c.save(); c.setTransform(1, 0, 0, 1, 0, 0); c.clearRect(0, 0, strips.width, strips.height); c.drawImage(stripImage, 0, 0); c.restore();
  c.strokeStyle = paint.ink; c.lineWidth = 1.6; c.beginPath(); c.moveTo(x, 12); c.lineTo(x, h - 20); c.stroke();
  c.fillStyle = paint.ink; c.beginPath(); c.arc(x, h - 20, 5, 0, 7); c.fill();
}
