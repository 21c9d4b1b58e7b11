// Charts over time, by uPlot: lines, stacks, and heatmaps of edges. All follow one span of time and one cross-hair.
"use strict";
report.charts = (() => {
  const { data, css, floats, times, state, number, moment, make } = report;
  const built = new Set(), hidden = {};  // hidden: figure -> names switched off
  const narrow = () => innerWidth < 560, PAPER = 380;  // width of a chart on paper, whose letters shrink with it
  let printing = false;
  const colour = (k) => css(`--c${k}`);
  const live = document.getElementById("said");

  const series = (part) => part.series.map((one) => ({ ...one, values: one.values && floats(one.values) }));

  function stacked(rows) {
    let below = rows.length ? rows[0].values.map(() => 0) : [];
    return rows.map((row) => (below = row.values.map((v, i) => below[i] + (row.off ? 0 : v || 0))));
  }

  function range(chart) {  // of what is in view; variants side by side share it
    const mates = state.variant === "all" ? [...built].filter((other) => other.figure === chart.figure) : [chart];
    let low = Infinity, high = -Infinity;
    for (const mate of mates.includes(chart) ? mates : [chart, ...mates]) {
      mate.rows.forEach((row, k) => {
        if (row.off) return;
        const values = mate.tops ? mate.tops[k] : row.values;
        for (let i = 0; i < mate.t.length; i++) {
          const v = values[i];
          if (v === null || mate.t[i] < state.span[0] - data.window || mate.t[i] > state.span[1]) continue;
          if (v > high) high = v;
          if (v < low && (v > 0 || !chart.spec.log)) low = v;
        }
      });
    }
    if (chart.spec.top) return [0, chart.spec.top];
    if (high <= 0 || high === -Infinity) return chart.spec.log ? [0.1, 1] : [0, 1];
    return chart.spec.log ? [low / 1.2, high * (high / low < 1.01 ? 2 : Math.pow(high / low, 0.12))] : [0, high * 1.14];
  }

  function shade(u) {  // warm-up and faults, with names where there is room
    const { ctx, bbox } = u, ratio = devicePixelRatio, x = (t) => u.valToPos(t, "x", true);
    const box = (from, to, fill) => {
      const a = Math.max(x(from), bbox.left), b = Math.min(Math.max(x(to), x(from) + 1.5 * ratio), bbox.left + bbox.width);
      if (b > a) { ctx.fillStyle = fill; ctx.fillRect(a, bbox.top, b - a, bbox.height); }
      return a;
    };
    ctx.save();
    if (data.warmup) box(0, data.warmup, css("--warm"));
    data.shades.forEach(([from, to]) => box(from, to, css("--fault")));
    ctx.restore();
  }
  function labels(u) {
    const { ctx, bbox } = u, ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${10.5 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    let free = -Infinity;
    for (const fault of data.faults.filter((one) => one.end > state.span[0] && one.begin < state.span[1])) {
      const from = Math.max(u.valToPos(fault.begin, "x", true), bbox.left);
      const wide = ctx.measureText(fault.name).width;
      if (from < free || from + wide > bbox.left + bbox.width) continue;
      ctx.fillStyle = css("--ink");
      ctx.fillText(fault.name, from + 3 * ratio, bbox.top + 2 * ratio);
      free = from + wide + 10 * ratio;
    }
    ctx.restore();
  }

  // -- the parts that all kinds share -----------------------------------------------------------------
  function frame(chart, height, left) {
    const axis = { stroke: () => css("--dim"), font: "11px system-ui, sans-serif", ticks: { stroke: () => css("--dim"), size: 4 } };
    return {
      width: printing ? PAPER : Math.max(chart.place.clientWidth, 120), height, padding: [6, 10, 0, 0], legend: { show: false },
      cursor: {
        sync: { key: "time", scales: ["x", null] }, y: false, points: { size: 6 },
        drag: { x: true, y: false, dist: 4 },
        bind: { dblclick: () => () => { report.setSpan(0, data.end); return null; } },
      },
      scales: { x: { time: false, range: () => state.span }, y: { distr: chart.spec.log ? 3 : 1, range: () => range(chart) } },
      axes: [
        { ...axis, size: 24, gap: 3, grid: { show: false }, space: 46,
          splits: (u, k, low, high) => ticks(low / report.scale, high / report.scale, Math.max(2, u.width / 90)).map((t) => t * report.scale),
          values: (u, splits) => splits.map((t, i) => +(t / report.scale).toPrecision(6) + (i === splits.length - 1 ? ` ${report.unit}` : "")) },
        { ...axis, size: left, gap: 4, grid: { stroke: () => css("--faint"), width: 1 }, space: 34,
          splits: chart.spec.log ? (u, k, low, high) => logTicks(low, high) : undefined, filter: (u, splits) => splits,
          values: (u, splits) => splits.map((v) => (v === null ? "" : number(v))) },
      ],
      series: [{}], hooks: {
        drawClear: [shade],
        draw: [labels],
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          report.setSpan(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
          u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        }],
        setCursor: [(u) => values(chart)],
      },
    };
  }
  function ticks(low, high, about) {
    const raw = (high - low) / about, size = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * size).find((s) => s >= raw * 0.999) || 10 * size, found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high * (1 + 1e-9); k++) found.push(k * step);
    return found;
  }
  function logTicks(low, high) {  // 1, 2, 5 times powers of ten where there is room, else powers of ten
    const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), found = [];
    for (let k = first; k <= last; k++) for (const m of last - first < 4 ? [1, 2, 5] : [1]) found.push(m * 10 ** k);
    return found.filter((v) => v >= low && v <= high);
  }

  function lines(chart) {
    const stack = chart.spec.kind === "stack", rows = chart.rows;
    chart.tops = stack ? stacked(rows) : null;
    const options = { ...frame(chart, narrow() ? 185 : 205, 48) };
    const order = rows.map((_, k) => k);
    if (stack) order.reverse();  // the highest is drawn first, and what lies below covers it
    chart.order = order;
    const stroke = (row) => () => colour(row.colour);
    order.forEach((k) => options.series.push({
      label: rows[k].name, show: !rows[k].off, stroke: stroke(rows[k]), width: stack ? 0.5 : 1.6, dash: rows[k].dashed ? [6, 4] : undefined,
      fill: stack ? stroke(rows[k]) : undefined, points: { show: false }, spanGaps: false,
      paths: stack ? uPlot.paths.stepped({ align: 1 }) : undefined,
    }));
    if (chart.spec.band && !stack) {
      const [a, b] = chart.spec.band.map((name) => 1 + rows.findIndex((row) => row.name === name));
      if (a > 0 && b > 0 && !rows[a - 1].off && !rows[b - 1].off)
        options.bands = [{ series: [b, a], fill: () => css("--warm") }];
    }
    const table = [chart.t, ...order.map((k) => (stack ? chart.tops[k] : chart.spec.log ? rows[k].values.map((v) => (v > 0 ? v : null)) : rows[k].values))];
    start(chart, options, table);
  }

  function heat(chart) {
    const bySite = chart.spec.by === "site", fits = bySite ? report.siteFits : report.edgeFits;
    const rows = chart.rows = chart.every.filter((row) => fits(row.name));
    chart.place.classList.toggle("empty", !rows.length);
    if (!rows.length) { chart.place.textContent = `No ${chart.spec.by} is left by the filter.`; return; }
    const size = rows.length <= 16 ? 18 : rows.length <= 40 ? 13 : Math.max(4, Math.min(9, 640 / rows.length));
    const left = narrow() ? 92 : 128, options = frame(chart, size * rows.length + 36, left);
    const sites = [];  // runs of rows of one site
    rows.forEach((row, k) => {
      const site = bySite ? row.name : report.siteOf[row.name] || "";
      if (!sites.length || sites.at(-1).site !== site) sites.push({ site, from: k, to: k + 1 });
      else sites.at(-1).to = k + 1;
    });
    options.scales.y = { range: () => [0, rows.length], dir: -1 };
    options.axes[1] = { ...options.axes[1], splits: () => [], values: () => [], grid: { show: false } };
    options.series.push({ show: true, stroke: "transparent", points: { show: false } });
    options.cursor.y = true;
    options.hooks.drawClear = [];
    options.hooks.draw = [(u) => cells(u, chart, rows, sites, left)];
    start(chart, options, [chart.t, chart.t.map(() => null)]);
  }
  function cells(u, chart, rows, sites, left) {
    const { ctx, bbox } = u, ratio = devicePixelRatio, tall = bbox.height / rows.length, high = chart.spec.high;
    const font = (px) => { ctx.font = `${px * ratio}px system-ui, sans-serif`; };
    ctx.save();
    ctx.beginPath(); ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height); ctx.clip();
    ctx.fillStyle = css("--heat");
    const edges = [...chart.t, Math.min(chart.t.at(-1) + (chart.t.length > 1 ? chart.t.at(-1) - chart.t.at(-2) : data.window), data.end)];
    const xs = edges.map((t) => Math.round(u.valToPos(t, "x", true)));
    rows.forEach((row, k) => {
      const y = Math.round(bbox.top + k * tall), h = Math.max(1, Math.round(bbox.top + (k + 1) * tall) - y - (tall > 9 ? 1 : 0));
      let sum = 0, count = 0, from = 0;  // windows that share a pixel are drawn as their mean
      for (let i = 0; i < chart.t.length; i++) {
        const v = row.values[i];
        if (v !== null) { sum += v; count++; }
        if (i + 1 < chart.t.length && xs[i + 1] <= xs[from]) continue;
        if (count && xs[i + 1] >= bbox.left && xs[from] <= bbox.left + bbox.width) {
          ctx.globalAlpha = 0.03 + 0.97 * Math.min(sum / count / high, 1);
          ctx.fillRect(xs[from], y, Math.max(1, xs[i + 1] - xs[from]), h);
        }
        sum = count = 0;
        from = i + 1;
      }
    });
    ctx.globalAlpha = 1;
    ctx.strokeStyle = css("--ill"); ctx.lineWidth = 1.6 * ratio;
    rows.forEach((row, k) => data.spans.filter((span) => row.name === (chart.spec.by === "site" ? report.siteOf[span[2]] : span[2])).forEach(([from, to]) => {
      const a = u.valToPos(from, "x", true), b = u.valToPos(to, "x", true);
      ctx.strokeRect(a, bbox.top + k * tall + ratio, Math.max(b - a, 2), tall - 2 * ratio);
    }));
    ctx.restore();
    ctx.save();
    ctx.textAlign = "right"; ctx.textBaseline = "middle";
    const room = left - 10, each = tall / ratio >= 11;
    let last = -Infinity;
    sites.forEach((run) => {
      const top = bbox.top + run.from * tall, middle = bbox.top + (run.from + run.to) / 2 * tall;
      ctx.strokeStyle = css("--dim"); ctx.lineWidth = ratio;
      if (sites.length > 1 && chart.spec.by !== "site") { ctx.beginPath(); ctx.moveTo(bbox.left - 5 * ratio, top); ctx.lineTo(bbox.left + bbox.width, top); ctx.globalAlpha = 0.5; ctx.stroke(); ctx.globalAlpha = 1; }
      ctx.fillStyle = css("--dim"); font(10.5);
      if (each) for (let k = run.from; k < run.to; k++) ctx.fillText(cut(ctx, chart.spec.by === "site" ? counted(rows[k].name) : rows[k].name, room * ratio), bbox.left - 6 * ratio, bbox.top + (k + 0.5) * tall);
      else if (middle - last >= 11 * ratio) { ctx.fillText(cut(ctx, `${run.site} (${run.to - run.from})`, room * ratio), bbox.left - 6 * ratio, middle); last = middle; }
    });
    ctx.restore();
  }
  const counted = (site) => (report.edgesAt[site] ? `${site} (${report.edgesAt[site]})` : site);
  function cut(ctx, text, room) {
    if (ctx.measureText(text).width <= room) return text;
    while (text.length > 1 && ctx.measureText(`${text}…`).width > room) text = text.slice(0, -1);
    return `${text}…`;
  }

  function start(chart, options, table) {
    chart.place.textContent = "";
    chart.plot = new uPlot(options, table, chart.place);
    chart.plot.over.classList.add("over");
    chart.plot.root.setAttribute("aria-hidden", "true");  // the name of its place tells what it is
    listen(chart);
    values(chart);
  }

  // -- hover values, keys, fingers --------------------------------------------------------------------
  function values(chart) {
    const u = chart.plot, at = u && u.cursor.idx;
    if (!u) return;
    if (chart.spec.kind === "heat") {
      const top = u.cursor.top, row = chart.rows[Math.floor((top / (u.bbox.height / devicePixelRatio)) * chart.rows.length)];
      chart.read.textContent = at === null || at === undefined || !row || top < 0 ? ""
        : `${row.name}, ${moment(chart.t[at])}: ${number(row.values[at])} ${chart.spec.unit}`;
      return;
    }
    chart.read.textContent = at === null || at === undefined ? "" : moment(chart.t[at]);
    chart.rows.forEach((row, k) => {
      chart.legend[k].lastChild.textContent = at === null || at === undefined ? "" : number(row.values[at]);
    });
  }
  function spoken(chart) {
    const at = chart.plot.cursor.idx;
    if (at === null || at === undefined) return;
    const rows = chart.rows.filter((row) => !row.off).slice(0, 9).map((row) => `${row.name} ${number(row.values[at])}`);
    live.textContent = `${moment(chart.t[at])}: ${rows.join(", ")} ${chart.spec.unit}`;
  }
  function step(chart, by) {
    const u = chart.plot, [low, high] = state.span;
    let at = u.cursor.idx;
    const inView = (i) => i >= 0 && i < chart.t.length && chart.t[i] >= low - 1e-9 && chart.t[i] <= high + 1e-9;
    at = at === null || at === undefined || !inView(at) ? chart.t.findIndex((t) => t >= low) : at + by;
    if (!inView(at)) return;
    u.setCursor({ left: u.valToPos(chart.t[at], "x"), top: 8 }, true, true);
    spoken(chart);
  }
  function listen(chart) {
    const over = chart.plot.over;
    let down = null;
    over.addEventListener("mousedown", (event) => {
      down = [event.clientX, state.span];
      if (!event.shiftKey) return;
      event.stopImmediatePropagation();  // shift and drag moves instead of choosing
      const [low, high] = state.span, wide = over.clientWidth, from = event.clientX;
      const move = (e) => { const by = (from - e.clientX) / wide * (high - low), s = Math.min(Math.max(by, -low), data.end - high); report.setSpan(low + s, high + s); };
      const up = () => { removeEventListener("mousemove", move); removeEventListener("mouseup", up); };
      addEventListener("mousemove", move); addEventListener("mouseup", up);
    }, true);
    over.addEventListener("click", (event) => {
      if (!down || Math.abs(event.clientX - down[0]) > 4) return;
      report.trace.show(chart.plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x"), chart.variant);
    });
    over.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;  // the page scrolls
      event.preventDefault();
      const by = event.deltaY || event.deltaX;
      if (event.shiftKey) report.pan(Math.sign(by) * 0.1);
      else report.zoom(by > 0 ? 1.25 : 0.8, chart.plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x"));
    }, { passive: false });
    const fingers = new Map();
    let begun = null;
    over.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch") return;
      fingers.set(event.pointerId, event.clientX);
      begun = { at: [...fingers.values()], span: state.span };
    });
    over.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId) || !begun) return;
      fingers.set(event.pointerId, event.clientX);
      const now = [...fingers.values()], [low, high] = begun.span, wide = over.clientWidth;
      const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
      const factor = now.length > 1 ? Math.abs(begun.at[0] - begun.at[1]) / Math.max(8, Math.abs(now[0] - now[1])) : 1;
      const middle = low + (mean(begun.at) - over.getBoundingClientRect().left) / wide * (high - low);
      const shift = (mean(begun.at) - mean(now)) / wide * (high - low) * factor;
      if (factor !== 1 || high - low < data.end) report.setSpan(middle - (middle - low) * factor + shift, middle + (high - middle) * factor + shift);
    });
    for (const what of ["pointerup", "pointercancel"]) over.addEventListener(what, (event) => { fingers.delete(event.pointerId); begun = null; });
  }
  function keys(chart) {
    chart.root.addEventListener("keydown", (event) => {
      if (event.target !== chart.place || event.ctrlKey || event.metaKey || event.altKey || !chart.plot) return;
      const acts = {
        ArrowLeft: () => (event.shiftKey ? report.pan(-0.2) : step(chart, -1)),
        ArrowRight: () => (event.shiftKey ? report.pan(0.2) : step(chart, 1)),
        "+": () => report.zoom(0.6), "=": () => report.zoom(0.6), "-": () => report.zoom(1 / 0.6),
        0: () => report.setSpan(0, data.end), Escape: () => report.setSpan(0, data.end),
        Enter: () => { const at = chart.plot.cursor.idx; if (at !== null && at !== undefined) report.trace.show(chart.t[at], chart.variant, true); },
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    });
  }

  // -- a chart on the page ----------------------------------------------------------------------------
  function legend(chart) {
    return chart.rows.map((row) => {
      const swatch = make("i", { className: `swatch k${row.colour}` });
      const button = make("button", { type: "button", className: "switch" }, swatch, `${row.name} `, make("span", { className: "value" }));
      button.setAttribute("aria-pressed", String(!row.off));
      button.title = "Show or hide; with shift: only this one";
      button.addEventListener("click", (event) => {
        const off = (hidden[chart.figure] ||= new Set()), names = chart.rows.map((one) => one.name);
        if (event.shiftKey) {
          const alone = names.every((name) => (name === row.name) !== off.has(name));
          off.clear();
          if (!alone) names.filter((name) => name !== row.name).forEach((name) => off.add(name));
        } else if (!off.delete(row.name)) off.add(row.name);
        [...built].filter((other) => other.figure === chart.figure).forEach(redraw);
      });
      return button;
    });
  }
  function redraw(chart) {
    const off = hidden[chart.figure] || new Set();
    if (chart.plot) { chart.plot.destroy(); chart.plot = null; }
    if (chart.spec.kind === "heat") { heat(chart); return; }
    chart.rows.forEach((row, k) => { row.off = off.has(row.name); chart.legend[k].setAttribute("aria-pressed", String(!row.off)); });
    lines(chart);
  }
  function matrix(spec, part) {
    const all = new Uint16Array(report.bytes(part.cells)), wide = times[part.t].length;
    return part.rows.map((name, k) => ({ name, values: Array.from(all.subarray(k * wide, (k + 1) * wide), (v) => (v === 65535 ? null : v / 65534 * spec.high)) }));
  }
  function build(figure, variant, into) {
    const spec = data.charts[figure], part = spec.of[variant];
    if (!part) { into.append(make("p", { className: "dim", textContent: "Nothing to show of this variant." })); return null; }
    const chart = { figure, spec, variant, t: times[part.t] };
    chart.read = make("span", { className: `read ${spec.kind}` });
    if (spec.kind === "heat") { chart.every = chart.rows = matrix(spec, part); chart.legend = []; }
    else { chart.rows = series(part); chart.legend = legend(chart); }
    const many = data.variants.length > 1 && state.variant === "all" && spec.of.length > 1;
    chart.place = make("div", { className: "plot", tabIndex: 0 });
    chart.place.setAttribute("role", "img");
    chart.place.setAttribute("aria-label", `${spec.title}, ${spec.unit}, over simulated time${many ? `, ${data.variants[variant]}` : ""}: ${chart.rows.slice(0, 12).map((row) => row.name).join(", ")}`);
    chart.place.setAttribute("aria-describedby", "keys");
    chart.root = make("div", { className: "chartbox" });
    if (many) chart.root.append(make("h4", { textContent: data.variants[variant] }));
    const key = spec.kind === "heat" ? [make("span", { className: "scale" }), make("span", { textContent: ` 0 to ${number(spec.high)} ${spec.unit}; outlined: faults ` })] : [];
    const names = make("div", { className: "legend" }, make("span", { className: "unit", textContent: spec.kind === "heat" ? "" : spec.unit }), ...key, ...chart.legend, chart.read);
    names.setAttribute("role", "group");
    names.setAttribute("aria-label", `Legend: ${spec.title}${many ? `, ${data.variants[variant]}` : ""}`);
    chart.root.append(names, chart.place);
    into.append(chart.root);
    built.add(chart);
    keys(chart);
    return chart;
  }
  function fill(into) {
    if (into.dataset.filled) return;
    into.dataset.filled = "1";
    const figure = into.dataset.chart, spec = data.charts[figure];
    const shown = spec.of.length < 2 ? [0] : state.variant === "all" ? data.variants.map((_, k) => k) : [+state.variant];
    into.closest("figure").classList.toggle("beside", shown.length > 1);
    shown.map((k) => build(figure, k, into)).filter(Boolean).forEach(redraw);  // drawn once all stand, and widths are known
  }
  function empty(into) {
    if (!into.dataset.filled) return;
    delete into.dataset.filled;
    [...built].filter((chart) => into.contains(chart.root)).forEach((chart) => { if (chart.plot) chart.plot.destroy(); built.delete(chart); });
    into.textContent = "";
  }
  const places = [...document.querySelectorAll("[data-chart]")];
  const watch = new IntersectionObserver((entries) => entries.forEach((entry) => entry.isIntersecting && fill(entry.target)), { rootMargin: "400px" });
  places.forEach((place) => watch.observe(place));

  const repaint = (deep) => [...built].forEach((chart) => chart.plot && chart.plot.redraw(deep, true));
  report.on("span", () => [...built].forEach((chart) => chart.plot && chart.plot.setScale("x", { min: state.span[0], max: state.span[1] })));
  report.on("variant", () => places.forEach((place) => { empty(place); watch.unobserve(place); watch.observe(place); }));
  report.on("filter", () => [...built].filter((chart) => chart.spec.kind === "heat").forEach(redraw));
  addEventListener("theme", () => repaint(false));
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; [...built].forEach(redraw); } });
  const print = (now) => () => { printing = now; places.forEach(fill); [...built].forEach(redraw); };
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
  return { built, fill: () => places.forEach(fill) };
})();
