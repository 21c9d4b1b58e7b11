// The clock, the controls, and the words beside the picture.
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600];
const state = {t: 0, playing: false, speed: SPEEDS.find(s => play.duration / s <= 110) || 3600, ended: false, turn: 0};
const stops = play.beats.filter(beat => beat.stop);
const step = play.windows.step_s;
const slowest = () => Math.min(state.speed, Math.max(0.1, step));
let now = state.speed, last = 0, told = null;

function near(t) {  // shortly before what happens, and while its consequences follow one another
  const lead = 0.4 * state.speed, tail = 2.4 * slowest();
  return stops.some(beat => beat.kind !== 'fault.end' && beat.t_s - lead <= t && t < beat.t_s + tail);
}
const wanted = t => $('slow').checked && near(t) ? Math.min(state.speed, Math.max(slowest(), state.speed / 4)) : state.speed;

function frame(wall) {
  const dt = Math.min(0.1, (wall - last) / 1000);
  last = wall;
  if (state.playing) {
    if (motionless.matches) stepOn(wall);
    else {
      now += (wanted(state.t) - now) * Math.min(1, dt * 7);
      advance(dt * now, dt);
    }
    draw();
  }
  if (state.playing) requestAnimationFrame(frame);
}
function stepOn(wall) {  // without motion: window by window
  const pause = Math.max(250, 1000 * step / state.speed);
  if (wall - state.turn < pause) return;
  state.turn = wall;
  advance(Math.max(step, state.speed * pause / 1000), 0);
  rebuild(state.t, Math.max(step / 3, 0.1));
}

function advance(by, dt) {
  let to = Math.min(play.duration, state.t + by);
  const stop = $('stops').checked ? stops.find(beat => beat.t_s > state.t + 1e-9 && beat.t_s <= to + 1e-9) : null;
  if (stop) to = Math.max(to > stop.t_s ? stop.t_s : to, stop.t_s);
  grow(dt);
  spawn(state.t, to, now);
  renew(state.t, to, now, to);
  state.t = to;
  if (stop) pause();
  if (to >= play.duration) { state.ended = true; pause(); }
}

function draw() {
  const {t} = state;
  pen.clearRect(0, 0, place.width, place.height);
  drawFlows(pen, t); drawNodes(pen, t); drawBatches(pen); drawDots(pen); drawStreams(pen);
  drawHead(t);
  words(t);
}

// -- words ------------------------------------------------------------------------------------------------------
const set = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const NOW = [
  ['Requests', t => rate(at('requests.rate', t))], ['Failures', t => rate(at('failures.rate', t)), t => at('failures.rate', t) > 0],
  ['L1 hits', t => share(at('hit_ratio.l1', t))], ['Median', t => seconds(at('latency.p50', t))], ['p99', t => seconds(at('latency.p99', t))],
  ['To cores', t => rate(at('core.requests.rate', t))], ['Moves', t => rate(at('migrations.rate', t))],
  ['Mean weight', t => digits(at('stickiness.mean', t))], ['Lease batches', t => rate(at('renewal_batches.rate', t))],
];
const nowCells = NOW.map(([name]) => {
  const box = document.createElement('div'), dt = document.createElement('dt'), dd = document.createElement('dd');
  dt.textContent = name; box.append(dt, dd); $('now').append(box);
  return dd;
});
const storyItems = play.beats.map(beat => {
  const li = document.createElement('li'), button = document.createElement('button'), time = document.createElement('time'), what = document.createElement('span');
  button.type = 'button'; time.textContent = clock(beat.t_s); what.textContent = beat.title;
  button.append(time, what); button.addEventListener('click', () => jump(beat.t_s)); li.append(button); $('story').append(li);
  return button;
});

function words(t) {
  set($('time'), clock(t));
  set($('phase'), t < play.warmup ? 'warm-up, not counted' : '');
  document.body.dataset.time = t.toFixed(3);
  NOW.forEach(([, text, bad], i) => { set(nowCells[i], text(t)); nowCells[i].classList.toggle('bad', Boolean(bad && bad(t))); });
  let place = 0;
  play.beats.forEach((beat, i) => { if (beat.t_s <= t + 1e-9) place = i; });
  const beat = play.beats[place];
  if (told !== place) {
    told = place;
    set($('title'), beat.title); set($('text'), beat.text);
    $('caption').className = {[paint.bad]: 'bad', [paint.ill]: 'ill'}[paintOf(beat.kind)] || (beat.stop ? 'good' : '');
    storyItems.forEach((item, i) => {
      item.classList.toggle('yet', i > place);
      if (i === place) item.setAttribute('aria-current', 'true'); else item.removeAttribute('aria-current');
    });
    const item = storyItems[place], list = $('story');
    if (item) list.scrollTop = item.offsetTop - list.clientHeight / 2;
  }
  set($('live'), liveWords(t, beat));
  const on = active(t).filter(span => span.kind !== 'absent');
  const kinds = new Map();
  for (const span of on) kinds.set(span.kind, [...(kinds.get(span.kind) || []), span.target]);
  const text = [...kinds].map(([kind, targets]) => `${kind} ${targets.length > 2 ? `(${targets.length} nodes)` : targets.join(', ')}`.trim());
  if ($('on').dataset.now !== text.join('|')) {
    $('on').dataset.now = text.join('|');
    $('on').replaceChildren(...[...kinds.keys()].map((kind, i) => {
      const li = document.createElement('li');
      li.textContent = text[i]; li.classList.toggle('ill', STATES.includes(kind));
      return li;
    }));
  }
  $('scrub').value = t; $('scrub').setAttribute('aria-valuetext', `${clock(t)}: ${beat.title}`);
  const each = standsFor(t, state.playing ? now : state.speed);
  set($('here'), trace ? `1 dot = ${digits(each, 2)} answered request${each >= 1.05 ? 's' : ''}` : 'time series only');
  if ($('edges').open) edgeRows(t);
}
function liveWords(t, beat) {
  const parts = [], since = t - beat.t_s;
  if (beat.t_s > 0 && t < play.duration && since >= 0.05) parts.push(`${span(since)} later`);
  const bad = at('failures.rate', t), all = at('requests.rate', t);
  parts.push(bad > 0 ? `${rate(bad)} of ${rate(all)} requests fail` : `${rate(all)} requests, none fails`);
  if (Number.isFinite(at('hit_ratio.l1', t))) parts.push(`L1 hits ${share(at('hit_ratio.l1', t))}`);
  const queue = edge => edge.inSystem[windowAt(t)] - (drawnNodes[edge.node].workers || Infinity);
  const worst = innerWidth < 600 ? null : edges.reduce((most, edge) => queue(edge) > (most ? queue(most) : 1.5) ? edge : most, null);
  if (worst) parts.push(`longest queue at ${drawnNodes[worst.node].name}: ${digits(queue(worst), 2)}`);
  return parts.join(' · ');
}
function edgeRows(t) {
  const states = stateOf(t), n = windowAt(t), body = $('edges').querySelector('tbody');
  const rows = edgeNodes.map(i => {
    const edge = edgeOf.get(i), cells = [drawnNodes[i].name, [...(states.get(i) || [])].map(k => SHORT[k] || k).join(', ') || 'up',
      edge ? digits(edge.load[n]) : DASH, edge ? digits(edge.inSystem[n]) : DASH, edge ? share(edge.hits[n]) : DASH];
    const tr = document.createElement('tr');
    cells.forEach((text, k) => { const cell = document.createElement(k ? 'td' : 'th'); if (!k) cell.scope = 'row'; if (k > 1) cell.className = 'n'; cell.textContent = text; tr.append(cell); });
    return tr;
  });
  body.replaceChildren(...rows);
}

function legend() {
  const NS = 'http://www.w3.org/2000/svg';
  const shapes = {
    l1: ['circle', {cx: 8, cy: 8, r: 4.5, fill: 'var(--l1)'}], l2: ['circle', {cx: 8, cy: 8, r: 4.5, fill: 'var(--l2)'}],
    storage: ['circle', {cx: 8, cy: 8, r: 5.5, fill: 'var(--storage)'}],
    bad: ['path', {d: 'M4 4l8 8M12 4l-8 8', stroke: 'var(--bad)', 'stroke-width': 2.5}],
    again: ['circle', {cx: 8, cy: 8, r: 5, fill: 'none', stroke: 'var(--bad)', 'stroke-width': 1.5}],
    ill: ['circle', {cx: 8, cy: 8, r: 4, fill: 'var(--ill)'}], lease: ['rect', {x: 4.5, y: 4.5, width: 7, height: 7, fill: 'var(--lease)'}],
    home: ['circle', {cx: 8, cy: 8, r: 2.2, fill: 'var(--l2)', opacity: 0.7}],
    busy: ['rect', {x: 3, y: 6, width: 10, height: 9, rx: 2, fill: 'var(--busy)'}], queue: ['rect', {x: 3, y: 3, width: 10, height: 6, rx: 1, fill: 'var(--queue)'}],
    hits: ['rect', {x: 1, y: 7, width: 14, height: 3, fill: 'var(--l1)'}], flow: ['path', {d: 'M1 12Q8 2 15 8', stroke: 'var(--dim)', 'stroke-width': 3, fill: 'none', opacity: 0.5}],
  };
  const rows = [['busy', 'edge busy'], ['queue', 'queue (mean)'], ['hits', 'its L1 hits'], ['flow', 'who serves whom'],
    ['lease', 'lease batch'], ['ill', 'session moved']];
  if (Object.keys(play.homes).length) rows.unshift(['home', 'a client, where it lives']);
  if (trace) rows.unshift(['l1', 'L1'], ['l2', 'L2'], ['storage', 'storage'], ['bad', 'failed'], ['again', 'retried']);
  const list = document.createElement('ul');
  for (const [shape, text] of rows) {
    const li = document.createElement('li'), svg = document.createElementNS(NS, 'svg'), mark = document.createElementNS(NS, shapes[shape][0]);
    svg.setAttribute('viewBox', '0 0 16 16'); svg.setAttribute('aria-hidden', 'true');
    for (const [name, value] of Object.entries(shapes[shape][1])) mark.setAttribute(name, value);
    svg.append(mark); li.append(svg, text); list.append(li);
  }
  const scale = document.createElement('div'), canvas = document.createElement('canvas'), note = document.createElement('p');
  scale.className = 'scale'; canvas.id = 'scale'; canvas.width = 101; canvas.height = 1; canvas.setAttribute('aria-hidden', 'true');
  scale.append('weight 0: moves on', canvas, '100: stays');
  note.textContent = (trace ? 'Grey on the way there; in colour once it is known who answers. Dots take about a second, whatever the request took; slower requests take longer. '
    + (trace.drawn[1] < trace.failed ? `Of ${digits(trace.failed)} failed requests ${digits(trace.drawn[1])} are drawn. ` : '') : '')
    + (series['renewal_batches.rate'] ? 'Lease batches are as many as were sent; which edge sent which is not recorded.' : '');
  $('legend').replaceChildren(list);
  if (weights.rows.length) $('legend').append(scale);
  $('reading').append(...note.childNodes);
}
function drawScale() {
  const canvas = $('scale');
  if (!canvas) return;
  const c = canvas.getContext('2d');
  for (let w = 0; w <= 100; w++) { c.fillStyle = weightColour(w); c.fillRect(w, 0, 1, 1); }
}

// -- controls ---------------------------------------------------------------------------------------------------
const SHAPES = {play: 'M8 5v14l11-7z', pause: 'M7 5h3.6v14H7zM13.4 5H17v14h-3.6z', again: 'M12 5V1L7 6l5 5V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7z'};
function face() {
  document.body.dataset.state = state.playing ? 'playing' : state.ended ? 'ended' : 'paused';
  const doing = state.playing ? 'pause' : state.ended ? 'again' : 'play';
  $('playshape').setAttribute('d', SHAPES[doing]);
  $('play').setAttribute('aria-label', {pause: 'Pause', play: 'Play', again: 'Play again'}[doing]);
}
function start() {
  if (state.t >= play.duration - 1e-9) jump(0);
  state.playing = true; state.ended = false; state.turn = 0; now = wanted(state.t);
  $('poster').hidden = true;
  face(); last = performance.now(); requestAnimationFrame(frame);
}
function pause() { state.playing = false; face(); words(state.t); }
const toggle = () => state.playing ? (pause(), draw()) : start();
function jump(t) {
  state.t = clamp(t, 0, play.duration); state.ended = state.t >= play.duration;
  now = wanted(state.t); $('poster').hidden = true;
  rebuild(state.t, now); face(); draw();
}
function toEvent(direction) {
  const found = direction > 0 ? play.beats.find(beat => beat.t_s > state.t + 1e-6)
    : play.beats.filter(beat => beat.t_s < state.t - Math.max(1e-6, state.playing ? 0.7 * now : 0)).at(-1);
  jump(found ? found.t_s : direction > 0 ? play.duration : 0);
}
function setSpeed(speed) { state.speed = speed; $('speed').value = String(speed); if (!state.playing) { now = wanted(state.t); rebuild(state.t, now); draw(); } }
function faster(by) { setSpeed(SPEEDS[clamp(SPEEDS.indexOf(state.speed) + by, 0, SPEEDS.length - 1)]); }

for (const speed of SPEEDS) {
  const option = document.createElement('option');
  option.value = String(speed); option.textContent = speed >= 60 ? `${speed}× (${digits(speed / 60)} min/s)` : `${speed}×`;
  $('speed').append(option);
}
$('speed').value = String(state.speed);
$('speed').addEventListener('change', () => setSpeed(Number($('speed').value)));
$('play').addEventListener('click', toggle);
$('poster').addEventListener('click', () => { start(); $('play').focus({preventScroll: true}); });
$('show').addEventListener('click', toggle);
$('previous').addEventListener('click', () => toEvent(-1));
$('next').addEventListener('click', () => toEvent(1));
$('scrub').max = play.duration;
$('scrub').addEventListener('input', () => jump(Number($('scrub').value)));
$('edges').addEventListener('toggle', () => edgeRows(state.t));
$('help').addEventListener('click', () => $('keys').showModal());

let dragging = false;
const timeOf = event => { const box = strips.getBoundingClientRect(); return play.duration * clamp((event.clientX - box.left - line.x0) / (line.x1 - line.x0), 0, 1); };
strips.addEventListener('pointerdown', event => { dragging = true; strips.setPointerCapture(event.pointerId); if (state.playing) pause(); jump(timeOf(event)); });
strips.addEventListener('pointermove', event => { if (dragging) jump(timeOf(event)); });
for (const kind of ['pointerup', 'pointercancel']) strips.addEventListener(kind, () => { dragging = false; });

const KEYS = {
  ' ': toggle, ArrowLeft: event => jump(state.t - step * (event.shiftKey ? 10 : 1)), ArrowRight: event => jump(state.t + step * (event.shiftKey ? 10 : 1)),
  ',': () => toEvent(-1), '.': () => toEvent(1), '-': () => faster(-1), '+': () => faster(1), '=': () => faster(1),
  Home: () => jump(0), End: () => jump(play.duration), e: () => { $('stops').checked = !$('stops').checked; }, t: () => theme(), '?': () => $('keys').showModal(),
};
addEventListener('keydown', event => {
  const target = event.target, native = target.closest?.('select, dialog, summary, input[type=checkbox]') || (event.key === ' ' && target.closest?.('button'));
  if (native || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) { event.preventDefault(); act(event); }
});

function theme(wish) {
  root.classList.toggle('dark', wish === undefined ? !root.classList.contains('dark') : wish);
  redraw();
}
function redraw() {
  readPaint(); drawGround(); drawStrips(); drawScale();
  live.dots.forEach(d => { d.colour = kindPaint(d.tier); });
  told = null; draw();
}
$('theme').addEventListener('click', () => theme());
dark.addEventListener('change', () => theme(dark.matches));
let resizing = 0;
addEventListener('resize', () => { clearTimeout(resizing); resizing = setTimeout(redraw, 120); });
function fromHash() {
  const found = /[#&]t=([0-9.]+)/.exec(location.hash);
  if (found) jump(Number(found[1]));
}
addEventListener('hashchange', fromHash);

$('show').setAttribute('aria-label', `Map: ${play.nodes.filter(n => n.role === 'client').length} client groups, ${edgeNodes.length} edges, ${cores.length} cores`
  + (play.sites.length ? ` at ${play.sites.length} sites` : '') + '. What it shows is told in the caption and in the table of edges.');
document.body.classList.toggle('crowded', play.sites.length > 6 || edgeNodes.length > 24);
legend();
root.classList.toggle('dark', dark.matches);
redraw(); face(); fromHash();
