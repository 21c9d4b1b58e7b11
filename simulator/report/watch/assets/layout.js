// Where everything stands: sites on the map with their nodes around them, or a scheme from left to right.
const ROLES = ['client', 'balancer', 'edge', 'core', 'storage', 'sam'];
const mercator = lat => Math.log(Math.tan(Math.PI / 4 + clamp(lat, -78, 82) * Math.PI / 360)) * 180 / Math.PI;

function pieces(nodes, unit) {
  // A cluster: clients at its left, edges in rows at its right, cores and the rest beneath; places from its top left.
  const by = role => nodes.filter(node => node.role === role);
  const at = new Map(), tile = {w: 26 * unit, h: 32 * unit}, gap = 7 * unit, above = 15 * unit;
  const clients = by('client');
  let left = 0, tall = 0;
  for (const node of clients) {
    const r = (12 + 9 * Math.sqrt((node.count || 1) / mostClients)) * unit;
    at.set(node.i, {x: r, y: tall + r + 2, r});
    tall += 2 * r + 18 * unit;
    left = Math.max(left, 2 * r + 26 * unit);
  }
  let x = left, y = 0, right = left;
  for (const role of ['balancer', 'edge']) {
    const group = by(role);
    const columns = Math.max(1, Math.min(group.length, Math.ceil(Math.sqrt(group.length * 2))));
    group.forEach((node, n) => {
      const column = n % columns, row = Math.floor(n / columns);
      at.set(node.i, {x: x + column * (tile.w + gap) + tile.w / 2, y: y + above + row * (tile.h + above + 8 * unit) + tile.h / 2,
        w: tile.w, h: tile.h});
    });
    if (group.length) {
      y += Math.ceil(group.length / columns) * (tile.h + above + 8 * unit) + 2 * unit;
      right = Math.max(right, x + columns * (tile.w + gap) - gap);
    }
  }
  const rest = nodes.filter(node => ['core', 'standby', 'storage', 'sam'].includes(node.role));
  let rx = x;
  for (const node of rest) {
    const size = (node.role === 'sam' ? 46 : 30) * unit;
    at.set(node.i, {x: rx + size / 2, y: y + 6 * unit + 23 * unit, w: size, h: size, r: size / 2});
    rx += size + gap + (node.role === 'core' ? 2 : 8) * unit;
  }
  if (rest.length) { right = Math.max(right, rx - gap); y += 58 * unit; }
  return {at, w: Math.max(right, 30 * unit), h: Math.max(y, tall, 30 * unit)};
}

const drawnNodes = play.nodes.map((node, i) => ({...node, i}));
drawnNodes.filter(node => node.role === 'core' && node.standby && node.standby !== node.site).forEach(core =>
  drawnNodes.push({role: 'standby', name: `${core.name} (standby)`, site: core.standby, of: core.i, i: drawnNodes.length, count: 1}));
const mostClients = Math.max(1, ...play.nodes.filter(node => node.role === 'client').map(node => node.count));

function layout(width, height) {
  const sites = new Map(play.sites.map(site => [site.name, site]));
  const room = {left: 16, right: 16, top: width < 600 ? 86 : 60, bottom: width < 600 ? 172 : 138};
  const unit0 = width < 600 ? 0.95 : 1.5;
  return sites.size ? onMap(width, height, room, sites, unit0) : scheme(width, height, room, unit0);
}

function onMap(width, height, room, sites, unit0) {
  const here = new Map();
  for (const node of drawnNodes) {
    if (play.homes[node.i]) continue;  // drawn where its clients live
    const key = sites.has(node.site) ? node.site : '';
    if (!here.has(key)) here.set(key, []);
    here.get(key).push(node);
  }
  const spread = Object.keys(play.homes).length > 0;  // clients show where a site is, so its box must not stray
  const view = fitted([...sites.values()], width, height, room, spread ? 0.84 : 0.66);
  let unit = unit0, clusters = [];
  for (let attempt = 0; attempt < 18; attempt++, unit *= 0.92) {  // as large as they do not overlap
    clusters = [...here].map(([name, nodes]) => ({name, ...pieces(nodes, unit)}));
    surround(clusters, unit, view, sites, width, height, room);
    const free = apart(clusters, width, height, room), far = clusters.map(c => c.anchor ? Math.hypot(c.cx - c.x0, c.cy - c.y0) : 0);
    if (free && Math.max(...far) < (spread ? 0.09 : 0.22) * width) break;
  }
  const at = [];
  for (const c of clusters) {
    c.x = c.cx - c.W / 2; c.y = c.cy - c.H / 2;
    for (const [i, p] of c.at) at[i] = {...p, x: c.x + (c.W - c.w) / 2 + p.x, y: c.y + c.pad + c.label + p.y};
  }
  const homes = new Map();
  for (const [node, [lat, lon]] of Object.entries(play.homes)) {
    const lons = floats(lon), mine = Array.from(floats(lat), (one, n) => view.to(lons[n], one)), site = sites.get(drawnNodes[node].site);
    homes.set(Number(node), mine);
    at[node] = {...view.to(site.lon, site.lat), r: 5 * unit, foot: Math.max(...mine.map(p => p.y)) + 9};
  }
  return {map: true, view, clusters, at, homes, unit, width, height};
}

function surround(clusters, unit, view, sites, width, height, room) {  // the box of each cluster, and where it wants to be
  for (const c of clusters) {
    c.label = 17; c.pad = 8;
    c.W = Math.max(c.w, (c.name || 'no site given').length * 7.3 * Math.max(0.85, unit)) + 2 * c.pad; c.H = c.h + 2 * c.pad + c.label;
    c.anchor = c.name ? view.to(sites.get(c.name).lon, sites.get(c.name).lat) : null;
    c.cx = c.anchor ? c.anchor.x : width - room.right - c.W / 2;
    c.cy = c.anchor ? c.anchor.y : height - room.bottom - c.H / 2;
    c.x0 = c.cx; c.y0 = c.cy;
  }
}

function fitted(sites, width, height, room, share) {
  // Cut the world where the sites leave the widest gap, and fit what is left into the room.
  const lons = sites.map(site => ((site.lon % 360) + 360) % 360).sort((a, b) => a - b);
  let cut = 0, widest = -1;
  lons.forEach((lon, i) => {
    const gap = i + 1 < lons.length ? lons[i + 1] - lon : lons[0] + 360 - lon;
    if (gap > widest) { widest = gap; cut = (lon + gap / 2) % 360; }
  });
  const along = lon => (((lon - cut) % 360) + 360) % 360;
  const xs = sites.map(site => along(site.lon)), ys = sites.map(site => mercator(site.lat));
  const middle = {x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2};
  const span = {x: Math.max(Math.max(...xs) - Math.min(...xs), 9), y: Math.max(Math.max(...ys) - Math.min(...ys), 6)};
  const inner = {w: width - room.left - room.right, h: height - room.top - room.bottom};
  const scale = share * Math.min(inner.w / span.x, inner.h / span.y);
  const x0 = room.left + inner.w / 2, y0 = room.top + inner.h / 2;
  const place = (x, y) => ({x: x0 + (x - middle.x) * scale, y: y0 - (y - middle.y) * scale});
  return {scale, along, cut, place, to: (lon, lat) => place(along(lon), mercator(lat))};
}

function apart(clusters, width, height, room) {
  // Push rectangles apart, each held by a spring to its place; whether none overlap in the end.
  const tight = width < 600 ? 6 : 12;
  for (let step = 0; step < 500; step++) {
    const pull = step < 350 ? 0.04 : 0;
    for (const c of clusters) { c.cx += (c.x0 - c.cx) * pull; c.cy += (c.y0 - c.cy) * pull; }
    for (let i = 0; i < clusters.length; i++) for (let j = 0; j < i; j++) {
      const a = clusters[i], b = clusters[j];
      const dx = b.cx - a.cx, dy = b.cy - a.cy;
      const ox = (a.W + b.W) / 2 + tight - Math.abs(dx), oy = (a.H + b.H) / 2 + tight - Math.abs(dy);
      if (ox <= 0 || oy <= 0) continue;
      if (ox < oy) { const d = ox / 2 * (dx > 0 || (dx === 0 && i > j) ? 1 : -1); a.cx -= d; b.cx += d; }
      else { const d = oy / 2 * (dy > 0 || (dy === 0 && i > j) ? 1 : -1); a.cy -= d; b.cy += d; }
    }
    for (const c of clusters) {
      c.cx = clamp(c.cx, room.left + c.W / 2, Math.max(room.left + c.W / 2, width - room.right - c.W / 2));
      c.cy = clamp(c.cy, room.top + c.H / 2, Math.max(room.top + c.H / 2, height - room.bottom - c.H / 2));
    }
  }
  return clusters.every((a, i) => a.W <= width - room.left - room.right && a.H <= height - room.top - room.bottom
    && clusters.every((b, j) => j >= i || Math.abs(a.cx - b.cx) >= (a.W + b.W) / 2 - 1 || Math.abs(a.cy - b.cy) >= (a.H + b.H) / 2 - 1));
}

function scheme(width, height, room, unit0) {
  // Clients, balancers, edges, cores, storage from left to right; the affinity manager above the edges.
  const columns = ['client', 'balancer', 'edge', 'core', 'storage'].filter(role => drawnNodes.some(node => node.role === role));
  const inner = {w: width - room.left - room.right, h: height - room.top - room.bottom};
  const shares = {client: 1, balancer: 0.8, edge: 2, core: 1.1, storage: 0.8};
  const total = columns.reduce((sum, role) => sum + shares[role], 0);
  const sam = drawnNodes.find(node => node.role === 'sam'), top = room.top + (sam ? 92 : 8);
  const at = [], headings = [];
  let x = room.left, unit = unit0;
  const roomy = inner.h - (top - room.top) - 30;
  const count = Math.max(1, drawnNodes.filter(node => node.role === 'edge').length);
  const fits = u => Math.floor(inner.w * 2 / total / (36 * u)) * Math.floor(roomy / (58 * u)) >= count;
  while (unit > 0.4 && !fits(unit)) unit *= 0.92;
  for (const role of columns) {
    const wide = inner.w * shares[role] / total, mine = drawnNodes.filter(node => node.role === role);
    const cell = role === 'client' ? {w: 62 * unit, h: 78 * unit} : {w: 36 * unit, h: 58 * unit};
    const most = Math.max(1, Math.floor(wide / cell.w));
    const rows = Math.max(1, Math.min(mine.length, Math.floor(roomy / cell.h)));
    const across = Math.min(most, Math.max(Math.ceil(mine.length / rows), Math.ceil(Math.sqrt(mine.length / 1.6))));
    const down = Math.ceil(mine.length / across), shrink = Math.min(1, roomy / (down * cell.h));
    mine.forEach((node, n) => {
      const column = n % across, row = Math.floor(n / across);
      const p = {x: x + wide / 2 + (column - (Math.min(across, mine.length) - 1) / 2) * cell.w,
        y: top + 18 + roomy / 2 + (row - (down - 1) / 2) * cell.h * shrink};
      if (role === 'client') p.r = (12 + 9 * Math.sqrt((node.count || 1) / mostClients)) * unit * shrink;
      else if (role === 'edge' || role === 'balancer') Object.assign(p, {w: 26 * unit * shrink, h: 32 * unit * shrink});
      else Object.assign(p, {w: 32 * unit, h: 32 * unit, r: 16 * unit});
      at[node.i] = p;
    });
    const names = {client: 'clients', balancer: 'balancers', edge: 'edges', core: 'cores', storage: 'storage'};
    headings.push({x: x + wide / 2, y: top + 6, text: names[role]});
    x += wide;
  }
  const edgeHeading = headings[columns.indexOf('edge')] || headings[0];
  if (sam) at[sam.i] = {x: edgeHeading.x, y: room.top + 30, w: 54, h: 54, r: 27};
  drawnNodes.filter(node => node.role === 'standby').forEach(node => {
    const core = at[node.of];
    at[node.i] = {...core, x: core.x + 40 * unit};
  });
  return {map: false, clusters: [], headings, at, homes: new Map(), unit, width, height};
}
