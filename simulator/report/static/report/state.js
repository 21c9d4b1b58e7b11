// What the page knows and shows: data, the span of time that all charts follow, filters, the variants in view.
"use strict";
const report = (() => {
  const data = JSON.parse(document.getElementById("data-run").textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  const floats = (text) => Array.from(new Float32Array(bytes(text)), (v) => (Number.isNaN(v) ? null : v));
  const times = data.times.map((text) => Array.from(new Float64Array(bytes(text))));

  const listeners = {};
  const on = (what, listener) => (listeners[what] ||= []).push(listener);
  const tell = (what) => (listeners[what] || []).forEach((listener) => listener());

  const state = { span: [0, data.end], site: "", group: "", edge: "", fault: "", variant: "0" };
  function setSpan(low, high) {
    const least = Math.max(data.window * 2, data.end / 5000);
    const wide = Math.min(Math.max(high - low, least), data.end);
    const begin = Math.min(Math.max((low + high) / 2 - wide / 2, 0), data.end - wide);
    if (begin === state.span[0] && begin + wide === state.span[1]) return;
    state.span = [begin, begin + wide];
    tell("span");
  }
  function zoom(factor, middle = (state.span[0] + state.span[1]) / 2) {
    const [low, high] = state.span;
    setSpan(middle - (middle - low) * factor, middle + (high - middle) * factor);
  }
  function pan(share) {
    const by = share * (state.span[1] - state.span[0]);
    const shift = Math.min(Math.max(by, -state.span[0]), data.end - state.span[1]);
    setSpan(state.span[0] + shift, state.span[1] + shift);
  }
  const siteOf = Object.fromEntries(data.edges.map((edge) => [edge.name, edge.site]));
  const edgesAt = {};
  data.edges.forEach((edge) => { edgesAt[edge.site] = (edgesAt[edge.site] || 0) + 1; });
  const siteFits = (name) => (!state.site || name === state.site) && (!state.edge || siteOf[state.edge] === name);
  const edgeFits = (name) => (!state.edge || name === state.edge) && (!state.site || siteOf[name] === state.site);

  const [scale, unit] = data.unit;
  const number = (v) => (v === null || v === undefined ? "–" : v === 0 ? "0" : Math.abs(v) >= 1000
    ? Math.round(v).toLocaleString("en").replaceAll(",", "\u2009") : String(+v.toPrecision(3)));
  const moment = (t) => `${+(t / scale).toFixed(scale > 1 ? 2 : t < 10 ? 2 : 1)} ${unit}`;
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  return { data, css, bytes, floats, times, on, tell, state, setSpan, zoom, pan, siteOf, edgesAt, siteFits, edgeFits, scale, unit, number, moment, make };
})();
window.report = report;  // for the console
