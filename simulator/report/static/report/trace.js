// From a moment of a chart to the slowest traced requests that ended in it, hop by hop.
"use strict";
report.trace = (() => {
  const { data, state, number, moment, make, floats } = report;
  const panel = document.getElementById("requests"), list = panel.querySelector("ol"), said = panel.querySelector("p");
  const SHOWN = 8, read = {};
  let last = null;
  const ms = (s) => (s >= 1 ? `${number(s)} s` : `${number(s * 1e3)} ms`);
  function rows(variant) {
    const trace = data.traces[variant];
    if (!trace) return [];
    if (read[variant]) return read[variant];
    const columns = Object.fromEntries(Object.entries(trace.columns).map(([name, column]) =>
      [name, column.words ? column.codes.map((code) => column.words[code]) : typeof column === "string" ? floats(column) : column]));
    return (read[variant] = columns.t_s.map((t, i) => ({ ...Object.fromEntries(Object.entries(columns).map(([k, v]) => [k, v[i]])), end: t + columns.latency_s[i] })));
  }
  const fault = () => data.faults[+state.fault];
  const fits = (row) => (!state.group || row.group === state.group) && (!state.edge || row.edge === state.edge)
    && (!state.site || report.siteOf[row.edge] === state.site || data.groups[row.group] === state.site)
    && (state.fault === "" || (row.t_s >= fault().begin && row.t_s < fault().end));
  function waterfall(row, most) {
    const hops = data.hops.filter(([key]) => row[key] > 0), box = make("div", { className: "waterfall" });
    if (!hops.length) hops.push(["latency_s", "no answer", 1]);
    let from = 0;
    hops.forEach(([key, name, colour]) => {
      const bar = make("i", { className: `bar k${colour}` }), line = make("div", { className: "hop" });
      bar.style.left = `${(100 * from) / most}%`;
      bar.style.width = `${Math.max((100 * row[key]) / most, 0.3)}%`;
      from += row[key];
      line.append(make("span", { textContent: name }), make("span", { className: "lane" }, bar), make("span", { className: "n", textContent: ms(row[key]) }));
      box.append(line);
    });
    return box;
  }
  function show(t, variant, byKey) {
    last = [t, variant];
    const name = data.variants[variant] || "", of = data.variants.length > 1 ? ` of “${name}”` : "";
    panel.hidden = false;
    list.textContent = "";
    if (!data.traces[variant]) {
      said.textContent = `No request${of} was traced: run with --trace to see the slowest requests of a moment, hop by hop.`;
    } else {
      const begin = Math.floor(t / data.window) * data.window, end = begin + data.window;
      const found = rows(variant).filter((row) => row.end >= begin && row.end < end && fits(row)).sort((a, b) => b.latency_s - a.latency_s).slice(0, SHOWN);
      const filtered = state.site || state.group || state.edge || state.fault !== "" ? " that the filter leaves" : "";
      said.textContent = found.length
        ? `The slowest traced requests${of}${filtered} that ended from ${moment(begin)} to ${moment(end)}${data.replications > 1 ? ", of the first replication" : ""}. Time runs to the right; network is there and back together.`
        : `No traced request${of}${filtered} ended from ${moment(begin)} to ${moment(end)}.`;
      found.forEach((row, k) => list.append(make("li", {}, make("details", { open: k < 3 },
        make("summary", {}, make("strong", { textContent: ms(row.latency_s) }), ` ${row.client}, ${row.operation} at ${row.edge || "no edge"}: ${row.outcome}${row.tier ? ` from ${row.tier.replace("_", " ")}` : ""}${row.tries ? `, ${row.tries + 1} tries` : ""}; due ${moment(row.t_s)}`),
        waterfall(row, found[0].latency_s)))));
    }
    if (byKey) panel.focus();
    panel.scrollIntoView({ block: "nearest" });
  }
  panel.querySelector("button").addEventListener("click", () => { panel.hidden = true; });
  report.on("filter", () => { if (!panel.hidden && last) show(...last); });
  return { show, rows };
})();
