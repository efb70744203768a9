// What is chosen is kept in the address behind #; every figure on the page was computed before.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const ESTIMATE = "estimate";
const SIZES = [["", "any"], ["0", "no model"], ["1e6", "up to 1 MB"], ["1e7", "up to 10 MB"], ["1e8", "up to 100 MB"], ["1e9", "up to 1 GB"]];
const PRICES = [["ratio", "Model free"], ["adjusted_1gb", "Model paid, 1 GB of data"], ["adjusted", "Model paid, corpus size"]];
const CLASSES = ["classical", "learned", "verified", "same-machine", ESTIMATE];
const DOWN = ["encode", "decode", "confirmed"]; // columns whose best is the largest

const fresh = () => ({
  board: data.boards[0]?.label ?? "", media: "all", corpus: "", classes: new Set(), family: "", model: "", search: "",
  machine: "", speed: "encode", price: "ratio", sort: "ratio", descending: false,
});
const state = fresh();
const opened = new Set();

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function remember() {
  const [plain, kept] = [fresh(), new URLSearchParams()];
  for (const [key, value] of Object.entries(state)) {
    if (value instanceof Set) value.forEach((item) => kept.append(key, item));
    else if (value !== plain[key]) kept.set(key, value);
  }
  history.replaceState(null, "", kept.size ? `#${kept}` : `${location.pathname}${location.search}`);
}

function recall() {
  Object.assign(state, fresh());
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    if (!Object.hasOwn(state, key)) continue;
    if (state[key] instanceof Set) state[key].add(value);
    else state[key] = key === "descending" ? value === "true" : value;
  }
}

// A row with its figures over what is chosen: all corpora of a kind, or a single one.
function entryOf(board, row, single) {
  const found = single < 0 ? row.places[state.media] : row.cells[single];
  if (!found) return null;
  const on = (m) => data.runs[m.run].mark === state.machine;
  const timed = state.machine === "" ? found.measured?.[0] ?? found : found.speeds?.[state.machine] ?? found.measured?.find(on) ?? {};
  const { encode, decode, memory } = timed;
  const front = (found.fronts ?? []).includes(`${state.speed} ${state.price} ${state.machine}`.trim());
  return { place: "-", mark: "", env: "", ...found, row, encode, decode, memory, front };
}

function passes({ row }) {
  const of = (names, value) => !names.some((name) => state.classes.has(name)) || state.classes.has(value);
  return of(CLASSES.slice(0, 2), row.learned ? "learned" : "classical") && of(CLASSES.slice(2), row.evidence)
    && (state.family === "" || row.family === state.family)
    && (state.model === "" || (row.model_bytes != null && row.model_bytes <= Number(state.model)))
    && state.search.toLowerCase().split(/\s+/).every((word) => row.name.toLowerCase().includes(word));
}

// By a column's value; what has none is last in either direction, and so is what was not decoded.
function sorted(entries, value) {
  return [...entries].sort((a, b) => {
    const guessed = (a.row.evidence === ESTIMATE) - (b.row.evidence === ESTIMATE);
    const [x, y] = [value(a), value(b)];
    if (guessed) return guessed;
    if (x == null || y == null) return (x == null) - (y == null);
    return (state.descending ? -1 : 1) * (typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y);
  });
}

function rated(row, rate, mark = "") {
  return rate == null ? NA : (row.evidence === ESTIMATE ? "≈" : "") + percent(rate) + mark;
}

// What stands behind a row, as words with a look each.
function tags({ row, ratio }) {
  const statuses = new Set(row.cells.filter((cell) => cell && cell.coded === undefined).map((cell) => cell.status));
  return [
    ...(row.learned ? [["learned", "learned"]] : []),
    ...(row.evidence ? [[row.evidence === ESTIMATE ? "≈ estimate" : row.evidence, ""]] : []),
    ...(ratio == null ? [...statuses].map((status) => [status, status === "unsupported" ? "" : "bad"]) : []),
    ...(row.contradicted ? [["contradicted", "bad"]] : []),
  ];
}

// The columns of what is shown: a key, a head with its unit, the value to sort by, the text.
function columns(board, single, entries) {
  const rate = (key, head, unit, value, mark = () => "", best = false) => ({ key, head, unit, value, best, text: (e) => rated(e.row, value(e), mark(e)) });
  const number = (key, head, unit, print) => ({ key, head, unit, value: (e) => e[key], text: (e) => print(e[key]) });
  const part = board.parts.find(({ name }) => name === state.media);
  const kinds = state.media === "all" ? board.parts.slice(1) : [];
  const corpora = single >= 0 || kinds.length || (part?.corpora.length ?? 0) < 2 ? [] : part.corpora;
  const has = (test) => entries.some(test);
  return [
    { key: "place", head: "#", value: (e) => parseInt(e.place, 10) || null, text: (e) => e.place },
    { key: "codec", head: "Codec", value: (e) => e.row.name, left: true },
    rate("ratio", single < 0 ? "Mean ratio" : "Ratio", "%", (e) => e.ratio, (e) => e.mark),
    has((e) => e.low != null) && {
      key: "interval", head: "95% interval", value: (e) => e.low,
      text: (e) => (e.ratio == null ? `${e.done} of ${e.of}` : `${percent(e.low)}–${percent(e.high)}`),
    },
    { key: "class", head: "Class", value: (e) => tags(e).map(([word]) => word).join(" "), left: true },
    number("encode", "Encode", "MB/s", significant), number("decode", "Decode", "MB/s", significant), number("memory", "Peak", "MB", megabytes),
    new Set(entries.map((e) => e.env)).size > 1 && { key: "env", head: "Env", value: (e) => e.env || null, text: (e) => e.env, left: true },
    ...(single < 0 ? kinds : []).map(({ name }) => rate(`kind-${name}`, name, "%", (e) => e.row.places[name]?.ratio, (e) => e.row.places[name]?.mark ?? "", true)),
    ...corpora.map((n) => rate(`corpus-${board.corpora[n].name}`, board.corpora[n].name, "%", (e) => e.row.cells[n]?.ratio, (e) => e.row.cells[n]?.mark ?? "", true)),
    ...(has((e) => e.row.model_bytes) ? [
      rate("adjusted", "Adjusted", "% at corpus size", (e) => e.adjusted), rate("adjusted_1gb", "Adjusted", "% at 1 GB", (e) => e.adjusted_1gb),
      rate("online", "Prequential", "%", (e) => e.prequential),
      { key: "model", head: "Model", value: (e) => e.row.model_bytes, text: ({ row }) => (row.model_bytes === null ? NA : row.model_bytes ? bytes(row.model_bytes) : "none") },
    ] : []),
    has((e) => e.row.confirmed.length) && { key: "confirmed", head: "Confirmed", unit: "by others", value: (e) => e.row.confirmed.length, text: (e) => grouped(e.row.confirmed.length, 0) },
  ].filter(Boolean);
}

function heading(column, current) {
  const button = element("button", { type: "button", "data-key": column.key }, element("span", {}, column.head));
  if (column.unit) button.append(element("small", {}, column.unit));
  button.addEventListener("click", () => {
    state.descending = column === current ? !state.descending : DOWN.includes(column.key);
    set("sort", column.key);
    by("ranking").querySelector(`[data-key="${CSS.escape(column.key)}"]`).focus();
  });
  const direction = column !== current ? "none" : state.descending ? "descending" : "ascending";
  return element("th", { scope: "col", "aria-sort": direction, class: `${column.left ? "left" : ""} ${column.key}` }, button);
}

function rowOf(entry, shown, best) {
  const { name, evidence } = entry.row;
  const made = element("tr", { class: `row ${evidence}` }, ...shown.map((column) => {
    if (column.key === "codec") return element("th", { scope: "row" }, opener(name));
    if (column.key === "class") return element("td", { class: "left" }, ...tags(entry).map(([word, look]) => element("span", { class: `tag ${look}` }, word)));
    const text = column.text(entry);
    const isBest = column.best && column.value(entry) != null && column.value(entry) === best.get(column.key);
    return element("td", { class: `${column.left ? "left" : ""} ${text === NA ? "na" : ""} ${column.key} ${isBest ? "best" : ""}` }, text);
  }));
  made.dataset.name = name;
  made.addEventListener("pointerenter", () => plot.light(name));
  made.addEventListener("pointerleave", () => plot.light(null));
  return made;
}

function opener(name) {
  const button = element("button", { type: "button", class: "open", "aria-expanded": opened.has(name) }, name);
  button.addEventListener("click", () => {
    if (!opened.delete(name)) opened.add(name);
    refresh();
    [...by("ranking").querySelectorAll("tr.row")].find((row) => row.dataset.name === name).querySelector(".open").focus();
  });
  button.addEventListener("focus", () => plot.light(name));
  return button;
}

function detail(board, row, width) {
  const versions = (found) => Object.entries(found).map((pair) => pair.join(" ")).join(", ") || "versions unknown";
  const head = ["corpus", "coded", "ratio %", "bpb", "encode MB/s", "decode MB/s", "peak MB", "env", "measured in", "started", "libraries, where others"];
  const line = (tag, texts) => element("tr", {}, ...texts.map((text, i) => element(tag, { class: i === 0 || i > 6 ? "left" : "" }, text)));
  const lines = row.cells.flatMap((cell, number) => (cell?.measured ?? []).map((found, turn) => {
    const [run, ok] = [data.runs[found.run], cell.coded !== undefined];
    const sizes = ok ? [turn ? "the same" : grouped(cell.coded, 0), percent(cell.ratio), cell.bits_per_byte?.toFixed(3) ?? NA] : [cell.status, NA, NA];
    const times = [significant(found.encode), significant(found.decode), megabytes(found.memory)];
    return line("td", [board.corpora[number].name, ...sizes, ...times, run.mark, found.folder, run.started, cell.reason ?? (found.versions ? versions(found.versions) : "")]);
  }));
  const table = element("table", {}, element("thead", {}, line("th", head)), element("tbody", {}, ...lines));
  const said = [`Libraries: ${versions(row.versions)}.`, ...(row.confirmed.length ? [`Sizes confirmed by ${row.confirmed.join(", ")}.`] : [])];
  return element("tr", { class: "detail" }, element("td", { colspan: width }, ...said.map((text) => element("p", {}, text)), element("div", { class: "scroll" }, table)));
}

function set(key, value) {
  state[key] = value;
  refresh();
}

function options(id, items, value) {
  by(id).replaceChildren(...items.map(([key, text]) => element("option", { value: key }, text)));
  by(id).value = value;
}

function buttons(id, items, pressed, onPress) {
  const focused = by(id).contains(document.activeElement) ? document.activeElement.value : null;
  by(id).replaceChildren(...items.map(([value, text, amount]) => {
    const button = element("button", { type: "button", value, "aria-pressed": pressed(value) }, text, ...(amount === undefined ? [] : [" ", element("small", {}, amount)]));
    button.disabled = amount === 0 && !pressed(value);
    button.addEventListener("click", () => onPress(value));
    return button;
  }));
  [...by(id).children].find((button) => button.value === focused)?.focus();
}

function controls(board, entries) {
  const marks = board.machines;
  if (!marks.includes(state.machine)) state.machine = "";
  by("machines").hidden = marks.length < 2;
  const processor = (mark) => data.runs.find((run) => run.mark === mark).machine.processor ?? "no record";
  const families = [...new Set(board.rows.map((row) => row.family))].sort();
  options("board", data.boards.map(({ label }) => [label, label]), board.label);
  options("machine", [["", "each row's first run"], ...marks.map((mark) => [mark, `env ${mark}: ${processor(mark)}`])], state.machine);
  options("corpus", [["", "all of these media"], ...board.corpora.map(({ name }) => [name, name])], state.corpus);
  options("family", [["", "any"], ...families.map((family) => [family, family])], state.family);
  options("model", SIZES, state.model);
  if (by("search").value !== state.search) by("search").value = state.search;
  buttons("media", board.parts.map(({ name, corpora }) => [name, name, corpora.length]), (name) => name === state.media && !state.corpus, (name) => {
    state.corpus = "";
    set("media", name);
  });
  const amount = (name) => entries.filter(({ row }) => [row.learned ? "learned" : "classical", row.evidence].includes(name)).length;
  buttons("classes", CLASSES.map((name) => [name, name, amount(name)]), (name) => state.classes.has(name), (name) => {
    if (!state.classes.delete(name)) state.classes.add(name);
    refresh();
  });
  by("prices").hidden = !board.rows.some((row) => row.model_bytes);
  buttons("speed", [["encode", "Encode"], ["decode", "Decode"]], (value) => value === state.speed, (value) => set("speed", value));
  buttons("price", PRICES, (value) => value === state.price, (value) => set("price", value));
}

function refresh() {
  const board = data.boards.find(({ label }) => label === state.board) ?? data.boards[0];
  if (!board) return;
  const plain = fresh();
  for (const [key, known] of [["media", board.parts.map(({ name }) => name)], ["speed", ["encode", "decode"]], ["price", PRICES.map(([price]) => price)], ["model", SIZES.map(([size]) => size)]]) {
    if (!known.includes(state[key])) state[key] = plain[key];
  }
  const single = board.parts.length ? board.corpora.findIndex(({ name }) => name === state.corpus) : 0;
  if (single < 0) state.corpus = "";
  const entries = board.rows.map((row) => entryOf(board, row, single)).filter(Boolean);
  controls(board, entries);
  const shown = entries.filter(passes);
  const heads = columns(board, single, entries);
  const current = heads.find(({ key }) => key === state.sort) ?? heads[2];
  const ranked = entries.filter(({ row }) => row.evidence !== ESTIMATE);
  const best = new Map(heads.filter((c) => c.best).map((c) => [c.key, ranked.map(c.value).filter((v) => v != null).sort((a, b) => a - b)[0]]));
  by("ranking").querySelector("thead").replaceChildren(element("tr", {}, ...heads.map((column) => heading(column, current))));
  const rows = sorted(shown, current.value).flatMap((entry) => [rowOf(entry, heads, best), ...(opened.has(entry.row.name) ? [detail(board, entry.row, heads.length)] : [])]);
  const nothing = element("tr", {}, element("td", { colspan: heads.length, class: "left" }, "No row answers to these filters."));
  by("ranking").querySelector("tbody").replaceChildren(...(rows.length ? rows : [nothing]));
  const price = PRICES.find(([key]) => key === state.price)[1].toLowerCase();
  plot.draw(shown.map((entry) => ({ ...entry, speed: entry[state.speed], cost: entry[state.price] })), {
    title: "Ratio against speed", x: `${state.speed} speed (raw MB per CPU second, log scale)`, y: `ratio % (log scale), ${price}`,
  });
  const corpora = single < 0 ? board.parts.find(({ name }) => name === state.media).corpora.length : 1;
  const hidden = entries.length - shown.length;
  by("count").textContent = `${shown.length} rows${hidden ? ` of ${entries.length}` : ""}, ${corpora} ${corpora === 1 ? "corpus" : "corpora"}`;
  by("cautions").replaceChildren(...data.cautions.map((line) => element("p", { class: "note" }, line)));
  by("reset").disabled = !hidden && !state.corpus && state.media === "all";
  remember();
}

const plot = new Plot(by("plot"), (entry) => [
  entry.row.name, `ratio ${rated(entry.row, entry.ratio, entry.mark)} %`,
  `encode ${significant(entry.encode)} MB/s, decode ${significant(entry.decode)} MB/s`, tags(entry).map(([word]) => word).join(", "),
], (name) => {
  for (const row of by("ranking").querySelectorAll("tr.row")) row.classList.toggle("lit", row.dataset.name === name);
});
for (const id of ["board", "corpus", "family", "model", "machine"]) by(id).addEventListener("change", () => set(id, by(id).value));
by("search").addEventListener("input", () => set("search", by("search").value));
by("controls").addEventListener("submit", (event) => event.preventDefault());
by("reset").addEventListener("click", () => {
  const { board, sort, descending, speed, price, machine } = state;
  Object.assign(state, fresh(), { board, sort, descending, speed, price, machine });
  refresh();
});
const start = () => { recall(); refresh(); };
window.addEventListener("hashchange", start);
start();
let width = by("plot").clientWidth;
new ResizeObserver(() => {
  if (by("plot").clientWidth !== width) refresh();
  width = by("plot").clientWidth;
}).observe(by("plot"));
