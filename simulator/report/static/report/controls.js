// The bar of controls: variants, filters, zoom; what they hide; tables that sort.
"use strict";
(() => {
  const { data, state, moment } = report;
  const bar = document.getElementById("explore"), span = document.getElementById("span");
  const selects = [...bar.querySelectorAll("select")], live = document.getElementById("said");
  if (innerWidth < 560) bar.removeAttribute("open");

  const shown = () => { span.textContent = `${moment(state.span[0])} – ${moment(state.span[1])}`; };
  report.on("span", shown);
  shown();
  const deeds = {
    in: () => report.zoom(0.6), out: () => report.zoom(1 / 0.6), back: () => report.pan(-0.25), on: () => report.pan(0.25),
    all: () => report.setSpan(0, data.end),
    reset: () => { selects.forEach((select) => { select.value = select.name === "variant" ? state.variant : ""; }); ["site", "group", "edge", "fault"].forEach((k) => { state[k] = ""; }); report.setSpan(0, data.end); filter(); },
  };
  bar.addEventListener("click", (event) => { const act = deeds[event.target.dataset && event.target.dataset.act]; if (act) act(); });

  selects.forEach((select) => {
    select.value = select.name === "variant" ? "0" : "";  // a browser may remember another
    select.addEventListener("change", () => {
      state[select.name] = select.value;
      if (select.name === "variant") { variant(); return; }
      if (select.name === "site") edges();
      if (select.name === "fault") {
        const fault = data.faults[+select.value];
        if (select.value === "") report.setSpan(0, data.end);
        else { const wide = fault.end - fault.begin; report.setSpan(fault.begin - 0.5 * wide - data.window, fault.end + wide + data.window); }
      }
      filter();
    });
  });
  function edges() {  // an edge of another site is no choice
    const select = selects.find((one) => one.name === "edge");
    if (!select) return;
    [...select.options].forEach((option) => { option.hidden = option.value !== "" && state.site !== "" && report.siteOf[option.value] !== state.site; });
    if (state.edge && report.siteOf[state.edge] !== state.site && state.site) { state.edge = ""; select.value = ""; }
  }
  function variant() {
    document.querySelectorAll("[data-variant]").forEach((part) => { part.hidden = state.variant !== "all" && part.dataset.variant !== state.variant; });
    report.tell("variant");
    live.textContent = `Charts show ${state.variant === "all" ? "all variants side by side" : data.variants[+state.variant]}`;
  }
  function filter() {
    const wanted = { site: state.site, group: state.group, edge: state.edge, fault: state.fault === "" ? "" : data.faults[+state.fault].name };
    let left = 0;
    document.querySelectorAll("tr[data-edge],tr[data-site],tr[data-group],tr[data-fault]").forEach((row) => {
      row.hidden = Object.entries(wanted).some(([key, value]) => value && key in row.dataset && row.dataset[key] !== value);
      left += !row.hidden;
    });
    live.textContent = `${left} rows of tables are left`;
    report.tell("filter");
    document.querySelectorAll("svg[data-acts]").forEach(pick);
    document.querySelectorAll(".whole").forEach(whole);
  }

  // What a chart of the whole run shows of the filter: curves of what was chosen, and pale what was not.
  const text = { site: "sites", group: "clients", edge: "edges" };
  function pick(svg) {
    const sites = { site: state.site, group: data.groups[state.group], edge: report.siteOf[state.edge] };
    svg.querySelectorAll("[data-from]").forEach((flow) => {
      const { from, to } = flow.dataset, either = (what) => from === what || to === what;
      const fits = svg.dataset.ends === "site"
        ? (!state.site || either(state.site)) && (!state.group || from === sites.group) && (!state.edge || to === sites.edge)
        : (!state.edge || either(state.edge)) && (!state.site || report.siteOf[from] === state.site || report.siteOf[to] === state.site);
      flow.classList.toggle("pale", !fits);
    });
    const chosen = [...svg.querySelectorAll("polyline.part")].filter((part) => {
      const fits = ["site", "group", "edge"].some((key) => state[key] && part.dataset[key] === state[key]);
      part.classList.toggle("chosen", fits);
      return fits;
    });
    svg.querySelectorAll("[data-n]").forEach((curve) => {
      const groups = svg.dataset.acts === "site group" && (state.group ? [state.group] : state.site ? Object.keys(data.groups).filter((key) => data.groups[key] === state.site) : null);
      curve.classList.toggle("pale", groups ? !groups.includes(curve.dataset.n) : chosen.length > 0);
    });
    svg.querySelectorAll("text.part").forEach((words) => {
      const names = chosen.map((part) => part.dataset.edge || part.dataset.group || part.dataset.site);
      words.classList.toggle("chosen", names.length > 0);
      words.textContent = names.length ? `thick: ${names.join(", ")}${names.length > 1 ? " (each by itself)" : ""}` : "";
    });
  }
  function acts(figure) {
    const place = figure && figure.querySelector("[data-chart]"), svg = figure && figure.querySelector("svg[data-acts]");
    if (place) return data.charts[place.dataset.chart].kind === "heat" ? ["site", "edge", "fault"] : ["fault"];
    return svg ? svg.dataset.acts.split(" ") : [];
  }
  function whole(note) {  // says what a chart shows although a filter is on
    const can = acts(note.closest("figure")), all = ["site", "group", "edge"].filter((key) => state[key] && !can.includes(key));
    const parts = all.length ? [`all ${all.map((key) => text[key]).join(" and ")}`] : [];
    if (state.fault !== "" && !can.includes("fault")) parts.push("the whole run");
    note.hidden = !parts.length;
    note.textContent = parts.length ? `Not filtered: ${parts.join(", ")}.` : "";
  }

  const paper = document.querySelectorAll("details.paper:not([open])");  // unfolded on paper
  addEventListener("beforeprint", () => paper.forEach((fold) => { fold.dataset.was = fold.open ? "1" : ""; fold.open = true; }));
  addEventListener("afterprint", () => paper.forEach((fold) => { fold.open = fold.dataset.was === "1"; }));
})();
