// What moves: requests, sessions that stream away, batches of renewals. Dots are slower than what they stand for.
const MOST_DOTS = innerWidth < 600 ? 170 : 420, MOST_FAILED_DOTS = 160, STREAM_S = 2.4, BATCH_S = 0.9;
const cores = drawnNodes.filter(node => node.role === 'core').map(node => node.i);
const storages = drawnNodes.filter(node => node.role === 'storage').map(node => node.i);
const edgeNodes = drawnNodes.filter(node => node.role === 'edge').map(node => node.i);
const live = {dots: [], streams: [], batches: []};
let batchTurn = 0, batchDue = 0, lastPulse = -9;

const isBad = trace ? trace.kinds.map(kind => trace.bad.includes(kind)) : [];
// Answered requests that are drawn, per second, around a moment: how many have to be left out at a speed.
const answeredRate = trace ? (() => {
  const counts = new Float32Array(play.windows.count);
  trace.t.forEach((t, i) => { if (!isBad[trace.kind[i]]) counts[windowAt(t)] += 1 / play.windows.step_s; });
  return counts;
})() : null;
function kept(t, speed) {
  if (!trace) return 1;
  return clamp(MOST_DOTS / 1.3 / Math.max(1e-9, answeredRate[windowAt(t)] * speed), 0, 1);
}
const standsFor = (t, speed) => trace && trace.drawn[0] ? trace.answered / trace.drawn[0] / kept(t, speed) : 0;

function lifeOf(i) {  // wall seconds: longer for what took longer, though far from in proportion
  return clamp(1.05 + 0.32 * Math.log2(Math.max(1e-4, trace.latency[i]) / 0.04), 0.85, 3);
}
function legsOf(i) {
  // Ends of the legs as shares of a dot's life: retry, way there, queue, service, core, way back.
  const part = name => trace[name][i] / 255;
  if (isBad[trace.kind[i]]) return [0.06, 0.42, 1, 1, 1, 1];
  const tier = trace.kinds[trace.kind[i]], far = tier === 'l2' || tier === 'storage';
  const lengths = [part('retry'), 0.32 + part('network') / 2, part('edge_wait'), 0.05 + part('edge_service') * 0.3,
    (far ? 0.4 : 0) + part('core'), 0.32 + part('network') / 2];
  const total = lengths.reduce((a, b) => a + b, 0);
  let sum = 0;
  return lengths.map(length => (sum += length / total));
}

function dot(i) {
  const client = trace.client[i], edge = trace.edge[i];
  return {i, age: 0, life: lifeOf(i), legs: legsOf(i), client, edge, bad: isBad[trace.kind[i]], tier: trace.kinds[trace.kind[i]],
    core: cores.length ? cores[Math.floor(hash(i + 0.3) * cores.length)] : -1, colour: kindPaint(trace.kinds[trace.kind[i]])};
}

function lowerBound(t) {
  let a = 0, b = trace ? trace.t.length : 0;
  while (a < b) { const m = (a + b) >> 1; if (trace.t[m] <= t) a = m + 1; else b = m; }
  return a;
}

function spawn(from, to, speed) {  // what is due in (from, to]
  if (trace) {
    const keep = kept(to, speed);
    let bad = live.dots.filter(d => d.bad).length;
    for (let i = lowerBound(from), end = lowerBound(to); i < end; i++) {
      if (isBad[trace.kind[i]]) { if (bad++ < MOST_FAILED_DOTS) live.dots.push(dot(i)); }
      else if (hash(i) < keep) live.dots.push(dot(i));
    }
  }
  for (const move of play.moves) if (from < move.t_s && move.t_s <= to) startStream(move);
}

function startStream(move) {
  const total = move.to.reduce((sum, [, count]) => sum + count, 0), drawn = Math.min(140, total);
  const sparks = [];
  for (const [target, count] of move.to) {
    const n = Math.max(1, Math.round(drawn * count / Math.max(1, total)));
    for (let k = 0; k < n; k++) sparks.push({target, delay: 0.45 * (k + hash(k + target)) / n, bend: 0.1 + 0.25 * hash(k * 3 + target), side: hash(k + 9.7)});
  }
  live.streams.push({from: move.node, to: move.to, sparks, age: 0});
}

function renew(from, to, speed, t) {
  const perSecond = at('renewal_batches.rate', t);
  if (!(perSecond > 0) || !cores.length || !edgeNodes.length) return;
  const every = play.leases.every;
  if (play.leases.common && every > 0 && every / speed > 0.28) {
    if (Math.floor(to / every) > Math.floor(from / every)) packets(Math.round(perSecond * every), t);
    return;
  }
  batchDue += perSecond * (to - from);
  const slots = Math.floor(batchDue);
  batchDue -= slots;
  packets(Math.min(slots, 2), t);
}
function packets(count, t) {
  const states = stateOf(t);
  const up = edgeNodes.filter(node => !['crash', 'absent', 'lose'].some(kind => states.get(node)?.has(kind)));
  for (let k = 0; k < Math.min(count, 64) && up.length; k++, batchTurn++) {
    live.batches.push({edge: up[batchTurn % up.length], core: cores[Math.floor(batchTurn / up.length) % cores.length], age: -0.12 * hash(batchTurn)});
  }
}

function rebuild(t, speed) {  // after a jump: what would be under way
  live.dots = []; live.streams = []; live.batches = [];
  if (trace) {
    const keep = kept(t, speed);
    for (let i = lowerBound(t - 3 * speed), end = lowerBound(t); i < end; i++) {
      const age = (t - trace.t[i]) / speed;
      if (age >= lifeOf(i) || !(isBad[trace.kind[i]] || hash(i) < keep)) continue;
      live.dots.push(Object.assign(dot(i), {age}));
    }
  }
  for (const move of play.moves) {
    const age = (t - move.t_s) / speed;
    if (age >= 0 && age < STREAM_S) { startStream(move); live.streams.at(-1).age = age; }
  }
}

function grow(dt) {
  for (const list of [live.dots, live.streams, live.batches]) for (const one of list) one.age += dt;
  live.dots = live.dots.filter(d => d.age < d.life);
  live.streams = live.streams.filter(s => s.age < STREAM_S);
  live.batches = live.batches.filter(b => b.age < BATCH_S);
}

// -- drawing ----------------------------------------------------------------------------------------------------
function nearby(p, i, spread) { const angle = 6.2832 * hash(i + 0.5), r = spread * Math.sqrt(hash(i + 0.8)); return {x: p.x + r * Math.cos(angle), y: p.y + r * Math.sin(angle)}; }

function whereIs(d, share) {
  const home = place.at[d.client], edge = place.at[d.edge];
  if (!home) return null;
  const homes = place.homes.get(d.client), a = homes ? homes[trace.home[d.i]] : nearby(home, d.i, home.r * 0.8);
  if (!edge) return {p: a, leg: 'home'};
  const b = nearby(edge, d.i + 1, 6 * place.unit), bend = 0.1 + 0.12 * (hash(d.i + 2) - 0.5), [retry, out, wait, served, back] = d.legs;
  if (share < retry) return {p: a, leg: 'home'};
  if (share < out) { const s = ease((share - retry) / Math.max(1e-9, out - retry)); const way = visit(d.client, a, b, bend); return {p: along(way, s), q: along(way, Math.max(0, s - 0.1)), leg: 'out'}; }
  if (d.bad) return {p: b, leg: 'lost', s: (share - out) / (1 - out)};
  if (share < wait) return {p: {x: edge.x + (hash(d.i) - 0.5) * edge.w * 0.8, y: edge.y - edge.h / 2 - 5}, leg: 'wait'};
  if (share < served) return {p: b, leg: 'serve'};
  if (share < back && d.core >= 0 && place.at[d.core]) {
    const s = (share - served) / Math.max(1e-9, back - served), core = place.at[d.core];
    if (d.tier === 'storage' && storages.length && place.at[storages[0]]) {
      const store = place.at[storages[0]], k = s * 4, part = Math.min(3, Math.floor(k)), f = ease(k - part);
      const ends = [[b, core], [core, store], [store, core], [core, b]][part];
      return {p: along(curve(...ends, 0.1), f), leg: 'core'};
    }
    return {p: s < 0.5 ? along(curve(b, core, 0.1), ease(2 * s)) : along(curve(core, b, 0.1), ease(2 * s - 1)), leg: 'core'};
  }
  const s = ease((share - back) / Math.max(1e-9, 1 - back)), way = visit(d.client, b, a, bend);
  return {p: along(way, s), q: along(way, Math.max(0, s - 0.12)), leg: 'back'};
}

function drawDots(c) {
  c.lineCap = 'round';
  for (const d of live.dots) {
    const share = motionless.matches ? 0.62 + 0.34 * hash(d.i + 5) : d.age / d.life;
    const w = whereIs(d, share);
    if (!w) continue;
    if (w.leg === 'lost' || (motionless.matches && d.bad)) { drawLost(c, w.p, w.s || 0, d); continue; }
    const colour = w.leg === 'out' || w.leg === 'home' || w.leg === 'wait' ? paint.dim : d.colour;
    if (w.q) { c.strokeStyle = colour; c.globalAlpha = 0.35; c.lineWidth = 1.6; c.beginPath(); c.moveTo(w.q.x, w.q.y); c.lineTo(w.p.x, w.p.y); c.stroke(); }
    c.globalAlpha = w.leg === 'out' ? 0.75 : 1; c.fillStyle = colour;
    c.beginPath(); c.arc(w.p.x, w.p.y, w.leg === 'out' ? 1.9 : d.tier === 'storage' ? 3.2 : 2.6, 0, 7); c.fill();
    if (trace.again[d.i]) { c.globalAlpha = 0.9; c.strokeStyle = paint.bad; c.lineWidth = 1; c.beginPath(); c.arc(w.p.x, w.p.y, 4.4, 0, 7); c.stroke(); }
  }
  c.globalAlpha = 1;
}
function drawLost(c, p, s, d) {
  const r = 3.4 + 2.5 * Math.min(1, s * 4), far = 9 * s, angle = 6.2832 * hash(d.i + 3);
  const x = p.x + far * Math.cos(angle), y = p.y + far * Math.sin(angle);
  c.globalAlpha = s < 0.6 ? 1 : (1 - s) / 0.4; c.strokeStyle = paint.bad; c.lineWidth = 2;
  c.beginPath(); c.moveTo(x - r, y - r); c.lineTo(x + r, y + r); c.moveTo(x + r, y - r); c.lineTo(x - r, y + r); c.stroke();
  c.globalAlpha = 1;
}

function drawStreams(c) {
  const arriving = new Map();
  let told = 0;
  for (const stream of live.streams) {
    const from = place.at[stream.from];
    if (!from) continue;
    for (const [target, count] of stream.to) {
      const to = place.at[target];
      if (!to) continue;
      const k = curve(from, to, 0.22), s = stream.age / STREAM_S;
      c.globalAlpha = 0.28 * Math.sin(Math.PI * s); c.strokeStyle = paint.ill; c.lineWidth = 9;
      c.beginPath(); c.moveTo(from.x, from.y); c.quadraticCurveTo(k.m.x, k.m.y, to.x, to.y); c.stroke();
      arriving.set(target, (arriving.get(target) || 0) + count);
      told = Math.max(told, Math.min(1, 2.5 * Math.sin(Math.PI * s)));
    }
    c.fillStyle = paint.ill;
    for (const spark of stream.sparks) {
      const to = place.at[spark.target], s = motionless.matches ? spark.delay / 0.45 : (stream.age / STREAM_S - spark.delay) / 0.55;
      if (!to || s <= 0 || s >= 1) continue;
      const p = along(curve(from, to, spark.bend + 0.08), ease(s));
      c.globalAlpha = 0.95; c.beginPath(); c.arc(p.x, p.y, 2.7, 0, 7); c.fill();
    }
    c.globalAlpha = 1;
  }
  c.globalAlpha = told; c.lineWidth = 4; c.strokeStyle = paint.panel; c.lineJoin = 'round';
  c.font = `700 13px ${FONT}`; c.textAlign = 'center'; c.textBaseline = 'middle'; c.fillStyle = paint.ill;
  const said = [];  // neighbours share a label
  for (const [target, count] of arriving) {
    const p = place.at[target], beside = said.find(one => Math.abs(one.x - p.x) < 110 && Math.abs(one.y - p.y) < 24);
    if (beside) beside.count += count; else said.push({x: p.x, y: p.y, h: p.h, count});
  }
  for (const one of said) {
    const text = `+${digits(one.count)} sessions`, half = c.measureText(text).width / 2 + 4;
    const x = clamp(one.x, half, place.width - half), y = one.y + one.h / 2 + 12;
    c.strokeText(text, x, y); c.fillText(text, x, y);
  }
  c.globalAlpha = 1;
}

function drawBatches(c) {
  c.fillStyle = paint.lease;
  for (const batch of live.batches) {
    const a = place.at[batch.edge], b = place.at[batch.core], s = batch.age / BATCH_S;
    if (!a || !b || s <= 0) continue;
    const p = along(curve(a, b, -0.1), motionless.matches ? 0.5 : ease(s));
    c.globalAlpha = 0.9 * Math.sin(Math.PI * clamp(s, 0, 1)) + 0.1;
    c.fillRect(p.x - 2.6, p.y - 2.6, 5.2, 5.2);
  }
  c.globalAlpha = 1;
}
