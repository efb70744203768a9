// Sorts and filters the rankings and the plots, and adds the time that a transfer takes.
// Every other figure was computed before. What is chosen is kept in the address behind #.
"use strict";

const TAGS = ["classical", "learned", "verified", "same-machine", "estimate"];
const NAMES = { tags: new Set(), search: "", speed: "1", sort: "", down: "" };
const state = { ...NAMES };
const by = (id) => document.getElementById(id);
const tables = [...document.querySelectorAll("table.ranking")];
const rows = tables.flatMap((table) => [...table.tBodies[0].rows]);
const marks = [...document.querySelectorAll("svg [data-name]")];
const facts = new Map(rows.map((row) => [row.dataset.name, row.dataset]));

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// What stands in a cell: a number, a text, or null where there is no figure.
function valueOf(cell) {
  const text = cell.textContent.trim();
  const found = /^≈?(-?[\d,]*\.?\d+)/.exec(text);
  if (text === "" || text === "n/a" || text === "-") return null;
  return found ? Number(found[1].replaceAll(",", "")) : text;
}

// The seconds for 1 GB: only size, encode and decode come from the page.
function total({ size, encode, decode }) {
  const [rate, taken, back] = [size, encode, decode].map(Number);
  return taken && back ? 1000 * (1 / taken + rate / 10 ** state.speed + 1 / back) : null;
}

function duration(seconds) {
  if (seconds === null) return "n/a";
  const [unit, scale] = seconds < 120 ? ["s", 1] : seconds < 7200 ? ["min", 60] : ["h", 3600];
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  return `${(seconds / scale).toLocaleString("en-US", digits)} ${unit}`;
}

// Rows without a figure are last in either direction, and so is what was not decoded.
function sorted(table) {
  const heads = [...table.tHead.rows[0].cells];
  const at = heads.findIndex((head) => head.dataset.key === state.sort);
  const value = (row) => (at === heads.length - 1 ? total(row.dataset) : at < 0 ? Number(row.dataset.order) : valueOf(row.cells[at]));
  const values = new Map([...table.tBodies[0].rows].map((row) => [row, value(row)]));
  const guessed = (row) => row.dataset.tags.includes("estimate");
  heads.forEach((head, i) => head.setAttribute("aria-sort", i !== at ? "none" : state.down ? "descending" : "ascending"));
  return [...values.keys()].sort((a, b) => {
    const [x, y] = [values.get(a), values.get(b)];
    if (guessed(a) !== guessed(b)) return guessed(a) - guessed(b);
    if (x === null || y === null) return (x === null) - (y === null);
    const less = typeof x === "string" || typeof y === "string" ? `${x}`.localeCompare(`${y}`, "en", { numeric: true }) : x - y;
    return (at >= 0 && state.down ? -1 : 1) * less || a.dataset.order - b.dataset.order;
  });
}

function passes({ name, tags }) {
  const chosen = (some) => !some.some((tag) => state.tags.has(tag)) || some.some((tag) => state.tags.has(tag) && tags.split(" ").includes(tag));
  const words = state.search.toLowerCase().split(/\s+/);
  return chosen(TAGS.slice(0, 2)) && chosen(TAGS.slice(2)) && words.every((word) => name.toLowerCase().includes(word));
}

function remember() {
  const kept = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value instanceof Set) value.forEach((item) => kept.append(key, item));
    else if (value !== NAMES[key]) kept.set(key, value);
  }
  history.replaceState(null, "", kept.size ? `#${kept}` : `${location.pathname}${location.search}`);
}

function recall() {
  Object.assign(state, NAMES, { tags: new Set() });
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    if (key === "tags" && TAGS.includes(value)) state.tags.add(value);
    else if (key in NAMES && key !== "tags" && (key !== "speed" || Number.isFinite(Number(value)))) state[key] = value;
  }
}

function refresh() {
  const rate = Number(Number(10 ** state.speed).toPrecision(2));
  by("rate").textContent = `${rate.toLocaleString("en-US")} MB/s`;
  [by("search").value, by("speed").value] = [state.search, state.speed];
  for (const button of by("tags").children) button.ariaPressed = state.tags.has(button.value);
  for (const row of rows) {
    row.hidden = !passes(row.dataset);
    row.lastElementChild.textContent = duration(total(row.dataset));
  }
  for (const table of tables) table.tBodies[0].append(...sorted(table));
  for (const mark of marks) mark.classList.toggle("out", !passes(facts.get(mark.dataset.name)));
  const shown = [...facts.values()].filter(passes).length;
  by("count").textContent = shown === facts.size ? `${shown} codecs` : `${shown} of ${facts.size} codecs`;
  remember();
}

function light(name) {
  for (const mark of marks) mark.classList.toggle("lit", mark.dataset.name === name);
  for (const row of rows) row.classList.toggle("lit", row.dataset.name === name);
}

function set(key, value) {
  state[key] = value;
  refresh();
}

for (const table of tables) {
  const head = table.tHead.rows[0];
  head.append(element("th", {}, "total"));
  [...table.tBodies[0].rows].forEach((row, i) => {
    row.dataset.order = i;
    row.append(element("td"));
  });
  for (const cell of [...head.cells].filter(({ textContent }) => textContent)) {
    const text = cell.textContent;
    cell.dataset.key = text;
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      const isLarger = text.includes("MB/s") || text.startsWith("×");
      state.down = (state.sort === text ? !state.down : isLarger) ? "1" : "";
      set("sort", text);
    });
    cell.replaceChildren(button);
  }
}
for (const made of [...rows, ...marks]) {
  made.addEventListener("pointerenter", () => light(made.dataset.name));
  made.addEventListener("pointerleave", () => light(null));
}
const known = new Set([...facts.values()].flatMap(({ tags }) => tags.split(" ")));
for (const tag of TAGS.filter((name) => known.has(name))) {
  const button = element("button", { type: "button", value: tag }, tag);
  button.addEventListener("click", () => {
    if (!state.tags.delete(tag)) state.tags.add(tag);
    refresh();
  });
  by("tags").append(button);
}
for (const id of ["search", "speed"]) by(id).addEventListener("input", () => set(id, by(id).value));
by("filters").addEventListener("submit", (event) => event.preventDefault());
const start = () => { recall(); refresh(); };
window.addEventListener("hashchange", start);
start();
