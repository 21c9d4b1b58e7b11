// Data, numbers in words, colours: what the other scripts share.
const play = JSON.parse(document.getElementById('data-play').textContent);
const coast = JSON.parse(document.getElementById('data-coast').textContent);
const $ = id => document.getElementById(id);
const root = document.documentElement;
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
const motionless = matchMedia('(prefers-reduced-motion: reduce)');

function bytes(text) {
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out.buffer;
}
const floats = text => new Float32Array(bytes(text));
const series = Object.fromEntries(Object.entries(play.series).map(([name, text]) => [name, floats(text)]));
const edges = play.edges.rows.map(row => ({
  node: row.node, load: floats(row.load), inSystem: floats(row.in_system), hits: floats(row.hits),
}));
const edgeOf = new Map(edges.map(edge => [edge.node, edge]));
const weights = {levels: play.weights.levels, rows: play.weights.rows.map(floats)};
const trace = play.trace && {
  ...play.trace, t: floats(play.trace.t), latency: floats(play.trace.latency),
  edge: new Uint16Array(bytes(play.trace.edge)), client: new Uint16Array(bytes(play.trace.client)),
  home: new Uint16Array(bytes(play.trace.home)),
  ...Object.fromEntries(['kind', 'again', 'retry', 'network', 'edge_wait', 'edge_service', 'core']
    .map(name => [name, new Uint8Array(bytes(play.trace[name]))])),
};
const NOWHERE = 65535;
const windowAt = t => clamp(Math.floor(t / play.windows.step_s + 1e-9), 0, play.windows.count - 1);
const at = (name, t) => series[name] ? series[name][windowAt(t)] : NaN;

// -- words ------------------------------------------------------------------------------------------------------
const DASH = '–';
function digits(x, most = 3) {
  if (!Number.isFinite(x)) return DASH;
  if (x === 0) return '0';
  const text = x.toPrecision(most);
  const plain = Math.abs(x) >= 1000 ? String(Math.round(x)) : text.includes('e') ? String(+text) : text;
  return plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain.replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}
function rate(x) {
  if (!Number.isFinite(x)) return DASH;
  return x === 0 || x >= 0.1 ? `${digits(x)}/s` : x >= 0.1 / 60 ? `${digits(60 * x)}/min` : `${digits(3600 * x)}/h`;
}
const share = x => Number.isFinite(x) ? `${digits(100 * x)}\u00a0%` : DASH;
function seconds(x) {
  if (!Number.isFinite(x)) return DASH;
  return x < 1 ? `${digits(1000 * x)}\u00a0ms` : `${digits(x)}\u00a0s`;
}
const span = t => t < 120 ? seconds(t) : `${digits(t / (t < 7200 ? 60 : 3600))}\u00a0${t < 7200 ? 'min' : 'h'}`;
function clock(t) {  // simulated time, with as many decimals as the run is short
  const tenths = play.duration < 1200;
  if (t < 120) return `${t.toFixed(tenths ? 1 : 0)}\u00a0s`;
  const whole = tenths ? t : Math.round(t);
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
  if (h) return `${h}\u00a0h ${m}\u00a0min${play.duration < 36000 ? ` ${Math.floor(s)}\u00a0s` : ''}`;
  return `${m}\u00a0min ${tenths ? s.toFixed(1) : s}\u00a0s`;
}

// -- colours ----------------------------------------------------------------------------------------------------
const dark = matchMedia('(prefers-color-scheme: dark)');
let paint = {};
function readPaint() {
  const style = getComputedStyle(root);
  const names = ['bg', 'panel', 'ink', 'dim', 'faint', 'edge', 'soft', 'sea', 'land', 'coast', 'tile', 'l1', 'l2', 'storage',
    'bad', 'ill', 'busy', 'queue', 'lease', 'fault', 'warm', 'w0', 'w50', 'w100'];
  paint = Object.fromEntries(names.map(name => [name, style.getPropertyValue(`--${name}`).trim()]));
}
function rgb(hex) { return [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16)); }
function weightColour(weight) {  // 0 restless ... 50 ... 100 sticky
  const far = Math.abs(clamp(weight, 0, 100) - 50) / 50, a = rgb(paint.w50), b = rgb(weight < 50 ? paint.w0 : paint.w100);
  return `rgb(${a.map((x, i) => Math.round(x + (b[i] - x) * far ** 0.75)).join(',')})`;
}
const TIER = {l1: 'l1', l1_delayed: 'l1', l2: 'l2', storage: 'storage'};
const kindPaint = kind => trace.bad.includes(kind) ? paint.bad : paint[TIER[kind]] || paint.lease;

// Kinds of spans that are no faults: what is believed, and what is not there.
const STATES = ['absent', 'believed failed', 'ejected', 'panic', 'standby serves'];
const active = t => play.spans.filter(span => span.begin_s <= t && t < span.end_s);
const hash = i => { const x = Math.sin(i * 12.9898 + 4.1414) * 43758.5453; return x - Math.floor(x); };
const ease = x => x < 0 ? 0 : x > 1 ? 1 : x * x * (3 - 2 * x);
