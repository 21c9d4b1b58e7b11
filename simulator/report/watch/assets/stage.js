// Draws the stage: land and sites once, then nodes, flows and whatever moves, frame by frame.
const ground = $('ground'), show = $('show');
let place = null, pen = null;

function sized(canvas) {
  const box = canvas.getBoundingClientRect(), ratio = Math.min(2, devicePixelRatio || 1);
  canvas.width = Math.round(box.width * ratio); canvas.height = Math.round(box.height * ratio);
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [context, box.width, box.height];
}
const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,sans-serif';

function drawGround() {
  const [c, w, h] = sized(ground);
  place = layout(w, h);
  [pen] = sized(show);
  c.fillStyle = place.map ? paint.sea : paint.panel; c.fillRect(0, 0, w, h);
  if (place.map) drawLand(c, w, h);
  for (const cluster of place.clusters) {
    if (cluster.anchor) drawLeader(c, cluster);
    c.beginPath(); c.roundRect(cluster.x, cluster.y, cluster.W, cluster.H, 11);
    c.save(); c.globalAlpha = 0.84; c.fillStyle = paint.panel; c.fill(); c.restore();
    c.strokeStyle = paint.edge; c.lineWidth = 1; c.stroke();
    c.fillStyle = paint.dim; c.font = `600 ${12 * Math.max(0.85, place.unit)}px ${FONT}`; c.textAlign = 'left'; c.textBaseline = 'middle';
    c.fillText(cluster.name || 'no site given', cluster.x + cluster.pad, cluster.y + cluster.pad + 5, cluster.W - 2 * cluster.pad);
  }
  drawHomes(c);
  c.textAlign = 'center'; c.fillStyle = paint.dim; c.font = `600 13px ${FONT}`;
  for (const heading of place.headings || []) c.fillText(heading.text, heading.x, heading.y);
}

function drawLand(c, w, h) {
  const {view} = place, step = 1 / coast.scale;
  c.beginPath();
  for (const ring of coast.rings) {
    let lon = ring[0] * step, lat = ring[1] * step, x = view.along(lon);
    const points = [[x, lat]];
    for (let i = 2; i < ring.length; i += 2) {
      x += ring[i] * step; lat += ring[i + 1] * step;
      points.push([x, lat]);
    }
    const xs = points.map(p => p[0]), least = Math.min(...xs), most = Math.max(...xs);
    for (const turn of [-360, 0, 360]) {
      const left = view.place(least + turn, 0).x, right = view.place(most + turn, 0).x;
      if (right < 0 || left > w) continue;
      points.forEach(([px, py], i) => {
        const p = view.place(px + turn, mercator(py));
        if (i) c.lineTo(p.x, p.y); else c.moveTo(p.x, p.y);
      });
      c.closePath();
    }
  }
  c.fillStyle = paint.land; c.fill('evenodd');
  c.strokeStyle = paint.coast; c.lineWidth = 0.9; c.lineJoin = 'round'; c.stroke();
  void h;
}

function drawHomes(c) {  // where clients live, of groups that are spread around their site
  c.fillStyle = paint.l2;
  for (const homes of place.homes.values()) {
    c.globalAlpha = homes.length > 150 ? 0.4 : 0.6;
    for (const p of homes) { c.beginPath(); c.arc(p.x, p.y, 1.4, 0, 7); c.fill(); }
  }
  c.globalAlpha = 1;
}

function drawLeader(c, cluster) {
  const {anchor} = cluster;
  const x = clamp(anchor.x, cluster.x + 6, cluster.x + cluster.W - 6), y = clamp(anchor.y, cluster.y + 6, cluster.y + cluster.H - 6);
  if (Math.hypot(anchor.x - x, anchor.y - y) < 2) return;
  c.strokeStyle = paint.dim; c.lineWidth = 1; c.setLineDash([2, 3]);
  c.beginPath(); c.moveTo(anchor.x, anchor.y); c.lineTo(x, y); c.stroke(); c.setLineDash([]);
  c.fillStyle = paint.dim; c.beginPath(); c.arc(anchor.x, anchor.y, 3, 0, 7); c.fill();
}

// -- curves -----------------------------------------------------------------------------------------------------
function curve(a, b, bend) {
  const dx = b.x - a.x, dy = b.y - a.y;
  return {a, b, m: {x: (a.x + b.x) / 2 - dy * bend, y: (a.y + b.y) / 2 + dx * bend}};
}
function via(a, b, p) {  // through a point half-way
  return {a, b, m: {x: 2 * p.x - (a.x + b.x) / 2, y: 2 * p.y - (a.y + b.y) / 2}};
}
const balancers = drawnNodes.filter(node => node.role === 'balancer');
function balancerOf(client) {  // the one at the client's site, or the only one
  const mine = balancers.filter(node => node.site && node.site === drawnNodes[client].site);
  const one = mine.length === 1 ? mine[0] : balancers.length === 1 ? balancers[0] : null;
  return one ? place.at[one.i] : null;
}
const visit = (client, a, b, bend) => { const p = balancerOf(client); return p ? via(a, b, p) : curve(a, b, bend); };
function along({a, m, b}, s) {
  const r = 1 - s;
  return {x: r * r * a.x + 2 * r * s * m.x + s * s * b.x, y: r * r * a.y + 2 * r * s * m.y + s * s * b.y};
}

// -- nodes ------------------------------------------------------------------------------------------------------
const SHORT = {crash: 'down', slow: 'slow', error: 'errs', pause: 'paused', drain: 'drains', remove: 'leaves', ejected: 'ejected',
  'believed failed': 'believed failed', add: 'joins', lose: 'down', crowd: 'crowd'};

function stateOf(t) {
  const state = new Map();
  for (const span of active(t)) {
    if (span.node < 0) continue;
    if (!state.has(span.node)) state.set(span.node, new Set());
    state.get(span.node).add(span.kind);
  }
  return state;
}

function drawFlows(c, t) {
  const phase = play.flows.find(one => one.begin <= t && t < one.end) || play.flows[0];
  if (!phase) return;
  const most = Math.max(...phase.rates.map(([, , r]) => r), 1e-9);
  c.lineCap = 'round';
  for (const [from, to, r] of phase.rates) {
    const a = place.at[from], b = place.at[to];
    if (!a || !b) continue;
    const k = visit(from, a, b, 0.12);
    c.globalAlpha = trace ? 0.16 : 0.34;
    c.strokeStyle = paint.dim; c.lineWidth = 0.5 + 5 * Math.sqrt(r / most);
    c.beginPath(); c.moveTo(a.x, a.y); c.quadraticCurveTo(k.m.x, k.m.y, b.x, b.y); c.stroke();
  }
  c.globalAlpha = 1;
}

function label(c, text, x, y, size, colour, weight = 500) {
  c.font = `${weight} ${size}px ${FONT}`; c.textAlign = 'center'; c.textBaseline = 'middle'; c.fillStyle = colour;
  c.fillText(text, x, y);
}

function drawClient(c, node, p, states) {
  if (place.homes.has(node.i)) {
    c.lineWidth = 4; c.lineJoin = 'round'; c.strokeStyle = place.map ? paint.land : paint.panel; c.font = `600 ${Math.max(9.5, 11 * place.unit)}px ${FONT}`;
    c.textAlign = 'center'; c.textBaseline = 'middle';
    c.strokeText(shortened(node.name, 13), p.x, p.foot);
    label(c, shortened(node.name, 13), p.x, p.foot, Math.max(9.5, 11 * place.unit), states?.has('crowd') ? paint.bad : paint.ink, 600);
    return;
  }
  c.globalAlpha = 0.14; c.fillStyle = paint.l2; c.beginPath(); c.arc(p.x, p.y, p.r, 0, 7); c.fill(); c.globalAlpha = 1;
  const dots = Math.min(70, Math.max(7, Math.round(p.r * p.r / 9)));
  c.fillStyle = states?.has('crowd') ? paint.bad : paint.ink; c.globalAlpha = 0.55;
  for (let n = 0; n < dots; n++) {  // a sunflower (Vogel, 1979)
    const r = (p.r - 3) * Math.sqrt((n + 0.5) / dots), angle = n * 2.39996;
    c.beginPath(); c.arc(p.x + r * Math.cos(angle), p.y + r * Math.sin(angle), 1.25, 0, 7); c.fill();
  }
  c.globalAlpha = 1;
  const size = Math.max(9.5, 11 * place.unit);
  label(c, shortened(node.name, 13), p.x, p.y + p.r + 8, size, paint.ink, 600);
}
const firstOfGroup = new Set();  // where there are several groups of edges, the first of each says which
{
  const groups = new Map();
  for (const node of drawnNodes) if (node.role === 'edge' && !groups.has(node.group)) groups.set(node.group, node.i);
  if (groups.size > 1) for (const i of groups.values()) firstOfGroup.add(i);
}
const shortened = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

function drawEdge(c, node, p, t, states) {
  const x = p.x - p.w / 2, y = p.y - p.h / 2, r = 5 * place.unit;
  const gone = states?.has('absent'), down = states?.has('crash') || states?.has('lose');
  if (gone) {
    c.setLineDash([3, 3]); c.strokeStyle = paint.edge; c.lineWidth = 1; c.beginPath(); c.roundRect(x, y, p.w, p.h, r); c.stroke(); c.setLineDash([]);
    return;
  }
  const row = edgeOf.get(node.i), n = windowAt(t);
  const inside = row ? row.inSystem[n] : NaN, workers = node.workers || Infinity;
  c.fillStyle = paint.tile; c.beginPath(); c.roundRect(x, y, p.w, p.h, r); c.fill();
  if (!down && inside > 0) {
    const busy = workers < Infinity ? clamp(inside / workers, 0, 1) : Math.log1p(inside) / Math.log1p(Math.max(play.edges.peak, 1));
    c.save(); c.beginPath(); c.roundRect(x, y, p.w, p.h, r); c.clip();
    c.fillStyle = paint.busy; c.globalAlpha = 0.55; c.fillRect(x, y + p.h * (1 - busy), p.w, p.h * busy); c.restore();
    const waiting = inside - workers;
    if (waiting > 0 && play.edges.peak > 1) {
      const high = Math.max(2, 13 * place.unit * Math.log1p(waiting) / Math.log1p(play.edges.peak));
      c.fillStyle = paint.queue; c.beginPath(); c.roundRect(x + 2, y - high - 1, p.w - 4, high, 2); c.fill();
      if (waiting >= 1.5) label(c, digits(waiting, 2), p.x, y - high - 6, Math.max(8.5, 9.5 * place.unit), paint.ink, 600);
    }
  }
  if (row && row.hits[n] >= 0 && !down) {
    c.fillStyle = paint.l1; c.fillRect(x + 4, y + p.h - 6, (p.w - 8) * row.hits[n], 2.5);
    c.globalAlpha = 0.25; c.fillStyle = paint.dim; c.fillRect(x + 4 + (p.w - 8) * row.hits[n], y + p.h - 6, (p.w - 8) * (1 - row.hits[n]), 2.5); c.globalAlpha = 1;
  }
  c.lineWidth = 1.3; c.strokeStyle = down ? paint.bad : paint.dim; c.globalAlpha = down ? 1 : 0.7;
  c.beginPath(); c.roundRect(x, y, p.w, p.h, r); c.stroke(); c.globalAlpha = 1;
  const name = node.count > 1 ? `×${node.count}` : (node.name.match(/\d+$/) || [shortened(node.name, 4)])[0];
  label(c, name, p.x, y + p.h * 0.4, Math.max(7, 11.5 * place.unit), down ? paint.dim : paint.ink, 600);
  if (firstOfGroup.has(node.i)) label(c, node.group, p.x, y - 7 * place.unit, Math.max(8, 9.5 * place.unit), paint.dim);
  if (down) {
    c.strokeStyle = paint.bad; c.lineWidth = 2.2; c.lineCap = 'round';
    c.beginPath(); c.moveTo(x + 5, y + 5); c.lineTo(x + p.w - 5, y + p.h - 5); c.moveTo(x + p.w - 5, y + 5); c.lineTo(x + 5, y + p.h - 5); c.stroke();
  }
  if (states?.has('believed failed') || states?.has('ejected')) {
    c.setLineDash([4, 3]); c.lineWidth = 2; c.strokeStyle = paint.ill;
    c.beginPath(); c.roundRect(x - 4, y - 4, p.w + 8, p.h + 8, r + 3); c.stroke(); c.setLineDash([]);
  }
  const badge = ['crash', 'lose', 'pause', 'error', 'slow', 'drain', 'remove', 'ejected', 'add'].find(kind => states?.has(kind));
  if (badge) label(c, SHORT[badge], p.x, y + p.h + 7 + (states.has('believed failed') ? 3 : 0), Math.max(7.5, 10 * place.unit), paint.bad, 700);
}

function drawCore(c, node, p, states) {
  const down = states?.has('crash') || states?.has('lose'), ghost = node.role === 'standby';
  c.beginPath();
  for (let k = 0; k < 6; k++) c.lineTo(p.x + p.r * Math.sin(k * Math.PI / 3), p.y - p.r * Math.cos(k * Math.PI / 3));
  c.closePath();
  c.fillStyle = paint.tile; c.fill();
  if (ghost) c.setLineDash([3, 3]);
  c.strokeStyle = states?.has('standby serves') ? paint.ill : down ? paint.bad : paint.l2; c.lineWidth = 1.6; c.stroke(); c.setLineDash([]);
  const number = (node.name.match(/\d+/) || ['1'])[0];
  label(c, ghost ? `${number}′` : number, p.x, p.y, Math.max(9, 11 * place.unit), paint.ink, 600);
  const stands = states?.has('standby serves');
  label(c, ghost ? 'standby' : stands ? 'standby' : down ? 'down' : 'core', p.x, p.y + p.r + 7, Math.max(8.5, 9.5 * place.unit), down && !stands ? paint.bad : paint.dim);
}

function drawStorage(c, p, states) {
  const w = p.r * 0.8, h = p.r * 0.7;
  const down = states?.has('crash');
  c.fillStyle = paint.tile; c.strokeStyle = down ? paint.bad : paint.storage; c.lineWidth = 1.6;
  c.beginPath(); c.moveTo(p.x - w, p.y - h); c.lineTo(p.x - w, p.y + h); c.ellipse(p.x, p.y + h, w, w * 0.38, 0, Math.PI, 0, true); c.lineTo(p.x + w, p.y - h); c.fill(); c.stroke();
  c.beginPath(); c.ellipse(p.x, p.y - h, w, w * 0.38, 0, 0, 7); c.fill(); c.stroke();
  label(c, down ? 'down' : 'storage', p.x, p.y + p.r + 7, Math.max(8.5, 9.5 * place.unit), down ? paint.bad : paint.dim);
}

function drawManager(c, p, t, states) {
  // The affinity manager: its ring shows how many sessions have which weight.
  const n = windowAt(t), counts = weights.rows.map(row => row[n] || 0), total = counts.reduce((a, b) => a + b, 0);
  const outer = p.r, inner = p.r * 0.6;
  let angle = -Math.PI / 2;
  if (total > 0) counts.forEach((count, k) => {
    const next = angle + 2 * Math.PI * count / total;
    c.beginPath(); c.arc(p.x, p.y, outer, angle, next); c.arc(p.x, p.y, inner, next, angle, true); c.closePath();
    c.fillStyle = weightColour(weights.levels[k]); c.fill();
    angle = next;
  });
  c.strokeStyle = states?.has('crash') ? paint.bad : paint.ill; c.lineWidth = 1.2;
  for (const r of [outer, inner]) { c.beginPath(); c.arc(p.x, p.y, r, 0, 7); c.stroke(); }
  const mean = at('stickiness.mean', t);
  label(c, Number.isFinite(mean) ? digits(mean, 2) : DASH, p.x, p.y, Math.max(10, 12 * place.unit), paint.ink, 700);
  label(c, 'weights', p.x, p.y + outer + 7, Math.max(8.5, 9.5 * place.unit), paint.dim);
}

function drawBalancer(c, node, p) {
  const r = p.w / 2;
  c.beginPath(); c.moveTo(p.x, p.y - r); c.lineTo(p.x + r, p.y); c.lineTo(p.x, p.y + r); c.lineTo(p.x - r, p.y); c.closePath();
  c.fillStyle = paint.tile; c.fill(); c.strokeStyle = paint.dim; c.lineWidth = 1.3; c.stroke();
  label(c, (node.name.match(/\d+$/) || [''])[0], p.x, p.y, 10 * place.unit, paint.ink, 600);
}

function drawNodes(c, t) {
  const states = stateOf(t);
  for (const node of drawnNodes) {
    const p = place.at[node.i], mine = states.get(node.i);
    if (!p) continue;
    if (node.role === 'client') drawClient(c, node, p, mine);
    else if (node.role === 'edge') drawEdge(c, node, p, t, mine);
    else if (node.role === 'core' || node.role === 'standby') drawCore(c, node, p, mine);
    else if (node.role === 'storage') drawStorage(c, p, mine);
    else if (node.role === 'sam') drawManager(c, p, t, mine);
    else drawBalancer(c, node, p);
  }
}
