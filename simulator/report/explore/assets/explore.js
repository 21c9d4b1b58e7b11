// The settings, the cell that they meet, and its numbers. Nothing is interpolated: a cell is there, or it is not.
const sweep = JSON.parse(document.getElementById('data-sweep').textContent);
const $ = id => document.getElementById(id);
const root = document.documentElement;
const make = (tag, options = {}, ...children) => { const el = Object.assign(document.createElement(tag), options); el.append(...children); return el; };

const keyOf = at => at.join('.');
const cells = new Map(sweep.cells.map(cell => [keyOf(cell.at), cell]));
const byNumber = new Map(sweep.cells.map(cell => [cell.number, cell]));
const finished = cell => cell && cell.replications > 0;
const first = sweep.metrics.map((metric, i) => ({...metric, i})).filter(metric => metric.first);
let at = (sweep.cells.find(finished) || sweep.cells[0]).at.slice(), pinned = null;
const inputs = [];

// -- settings ---------------------------------------------------------------------------------------------------
function slider(setting, k) {
  const value = make('output', {className: 'value', htmlFor: `setting-${k}`});
  const input = make('input', {type: 'range', id: `setting-${k}`, min: 0, max: setting.values.length - 1, step: 1});
  input.setAttribute('aria-label', setting.path);
  input.addEventListener('input', () => move(k, Number(input.value)));
  inputs[k] = () => {
    input.value = at[k]; value.textContent = setting.values[at[k]];
    input.setAttribute('aria-valuetext', setting.values[at[k]]);
  };
  const ends = make('div', {className: 'ends'}, make('span', {textContent: setting.values[0]}),
    make('span', {textContent: `${setting.values.length} values`}), make('span', {textContent: setting.values.at(-1)}));
  ends.setAttribute('aria-hidden', 'true');
  return [value, input, ends];
}
function switches(setting, k) {
  const box = make('div', {className: 'switch'});
  const all = setting.values.map((text, n) => {
    const input = make('input', {type: 'radio', name: `setting-${k}`, value: n});
    input.addEventListener('change', () => move(k, n));
    const label = make('label', {}, input, make('span', {textContent: text}));
    box.append(label);
    return [input, label];
  });
  inputs[k] = () => all.forEach(([input, label], n) => {
    input.checked = n === at[k];
    label.classList.toggle('absent', !finished(cells.get(keyOf(at.with(k, n)))));
  });
  return [box];
}
function choice(setting, k) {
  const input = make('select');
  input.setAttribute('aria-label', setting.path);
  setting.values.forEach((text, n) => input.append(make('option', {value: n, textContent: text})));
  input.addEventListener('change', () => move(k, Number(input.value)));
  inputs[k] = () => { input.value = at[k]; };
  return [input];
}
function buildSettings() {
  sweep.settings.forEach((setting, k) => {
    const legend = make('legend', {textContent: setting.short});
    if (setting.short !== setting.path) legend.append(make('small', {textContent: setting.path}));
    const control = setting.numeric ? slider : setting.values.length <= 12 ? switches : choice;
    $('settings').append(make('fieldset', {}, legend, ...control(setting, k)));
  });
  const jumps = make('div', {className: 'jumps'});
  for (const best of sweep.best) {
    const button = make('button', {type: 'button', textContent: `Best ${best.metric}`});
    if (best.tied > 1) button.title = `${best.tied} cells cannot be told from one another there (95 %)`;
    button.addEventListener('click', () => go(byNumber.get(best.cell).at));
    jumps.append(button);
  }
  const pin = make('button', {type: 'button', id: 'pin'});
  pin.addEventListener('click', () => { pinned = pinned ? null : cells.get(keyOf(at)) || null; show(); });
  jumps.append(pin);
  $('settings').append(jumps);
  $('settings').addEventListener('submit', event => event.preventDefault());
}
function move(k, n) { go(at.with(k, n)); }
function go(where) {
  at = where.slice();
  history.replaceState(null, '', `#at=${keyOf(at)}`);
  show();
}

// -- the cell ---------------------------------------------------------------------------------------------------
const described = cell => sweep.settings.map((setting, k) => `${setting.short} ${setting.values[cell.at[k]]}`).join(', ');

function nearest() {  // fewest settings changed, then fewest steps
  const far = cell => cell.at.reduce(([n, steps], value, k) => [n + (value !== at[k]), steps + Math.abs(value - at[k])], [0, 0]);
  return sweep.cells.filter(finished).map(cell => [cell, ...far(cell)]).sort((a, b) => a[1] - b[1] || a[2] - b[2]).slice(0, 3).map(([cell]) => cell);
}
function showNone(cell) {
  const box = $('none'), near = nearest();
  box.hidden = false; $('cell').hidden = true;
  const why = cell ? `This cell has no result: ${cell.status}. ${cell.failures[0] || ''}` : 'No cell of the sweep has these values, and nothing is interpolated.';
  const jumps = make('div', {className: 'jumps'});
  for (const one of near) {
    const button = make('button', {type: 'button', textContent: described(one)});
    button.addEventListener('click', () => go(one.at));
    jumps.append(button);
  }
  box.replaceChildren(make('h2', {textContent: 'There is no such cell'}), make('p', {textContent: why}),
    ...(near.length ? [make('p', {className: 'dim', textContent: 'The nearest that were simulated:'}), jumps] : []));
}
function show() {
  inputs.forEach(update => update());
  const cell = cells.get(keyOf(at));
  document.body.dataset.cell = finished(cell) ? cell.number : 'none';
  $('pin').textContent = pinned ? `Unpin cell ${pinned.number}` : 'Pin to compare';
  $('pin').disabled = !pinned && !finished(cell);
  if (!finished(cell)) { $('which').replaceChildren(); showNone(cell); return; }
  $('none').hidden = true; $('cell').hidden = false;
  const verdicts = Object.entries(cell.verdicts).map(([text, verdict]) => make('span', {className: `verdict ${verdict}`, textContent: `${text}: ${verdict}`}));
  const state = cell.status === 'complete' ? [] : [make('span', {className: 'verdict missed', textContent: `${cell.status}: ${cell.replications} replications`})];
  $('which').replaceChildren(make('strong', {textContent: `Cell ${cell.number}`}), make('span', {className: 'dim', textContent: described(cell)}), ...state, ...verdicts);
  $('cards').replaceChildren(...first.map(metric => card(metric, cell)));
  numbers(cell);
  drawAlong(cell); drawTime(cell);
}
function card(metric, cell) {
  const number = cell.numbers[metric.i], dt = make('dt', {textContent: metric.name});
  dt.title = metric.about;
  const box = make('div', {}, dt, make('dd', {textContent: number ? number[3] : '–'}));
  const other = pinned && pinned.numbers[metric.i];
  const alone = sweep.replications < 2 ? 'one replication: no interval' : metric.about;
  box.append(make('dd', {textContent: pinned ? `cell ${pinned.number}: ${other ? other[3] : '–'}` : alone}));
  return box;
}
function numbers(cell) {
  $('pinhead').textContent = pinned ? `Cell ${pinned.number}` : '';
  $('numbers').replaceChildren(...sweep.metrics.map((metric, i) => [metric, cell.numbers[i], pinned && pinned.numbers[i]])
    .filter(([, mine, other]) => mine || other).map(([metric, mine, other]) => {
      const th = make('th', {scope: 'row', textContent: metric.name});
      return make('tr', {}, th, make('td', {className: 'n', textContent: mine ? mine[3] : '–'}),
        make('td', {className: 'n', textContent: other ? other[3] : ''}), make('td', {className: 'dim', textContent: metric.about}));
    }));
}
