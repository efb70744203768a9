// The page: what is chosen, kept in the address behind #, and drawing again when it changes.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const SIZES = [["", "any"], ["0", "no model"], ["1e6", "up to 1 MB"], ["1e7", "up to 10 MB"], ["1e8", "up to 100 MB"], ["1e9", "up to 1 GB"]];
const PRICES = [["raw", "Model free"], ["gb", "Model paid, 1 GB of data"], ["n", "Model paid, corpus size"]];
const DOWN = ["encode", "decode", "confirmed"]; // columns whose best is the largest

const fresh = () => ({
  board: data.boards[0].label, media: "all", corpora: new Set(), classes: new Set(), prior: "", search: "",
  machine: "", speed: "encode", price: "raw", sort: "ratio", descending: false,
});
const state = fresh();

function remember() {
  const plain = fresh();
  const kept = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value instanceof Set) value.forEach((item) => kept.append(key, item));
    else if (value !== plain[key]) kept.set(key, value);
  }
  const text = kept.toString();
  history.replaceState(null, "", text ? `#${text}` : `${location.pathname}${location.search}`);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  Object.assign(state, fresh());
  for (const [key, value] of kept) {
    if (!Object.hasOwn(state, key)) continue;
    if (state[key] instanceof Set) state[key].add(value);
    else state[key] = key === "descending" ? value === "true" : value;
  }
  if (!SIZES.some(([size]) => size === state.prior)) state.prior = "";
}

function board() {
  return data.boards.find((found) => found.label === state.board) ?? data.boards[0];
}

// Buttons of which any number may be pressed, or one of several.
function buttons(holder, items, pressed, onPress) {
  const focused = holder.contains(document.activeElement) ? document.activeElement.value : null;
  by(holder.id).replaceChildren(...items.map(({ value, text, amount }) => {
    const button = element("button", { type: "button", value, "aria-pressed": pressed(value) }, text);
    if (amount !== undefined) button.append(" ", element("small", {}, count(amount)));
    button.disabled = amount === 0 && !pressed(value);
    button.addEventListener("click", () => onPress(value));
    return button;
  }));
  if (focused !== null) [...holder.children].find((button) => button.value === focused)?.focus();
}

function toggle(set, value) {
  if (!set.delete(value)) set.add(value);
  refresh();
}

function set(key, value) {
  state[key] = value;
  refresh();
}

function options(select, items, value) {
  select.replaceChildren(...items.map(([key, text]) => element("option", { value: key }, text)));
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

function controls(current, entries) {
  options(by("board"), data.boards.map((found) => [found.label, found.label]), current.label);
  options(by("prior"), SIZES, state.prior);
  const marks = [...new Set(current.rows.flatMap((row) => row.cells.flatMap((cell) => (cell?.coded === undefined ? [] : cell.measured.map((m) => data.runs[m.run].mark)))))].sort();
  by("machines").hidden = marks.length < 2;
  if (!marks.includes(state.machine)) state.machine = "";
  const machine = (mark) => `env ${mark}: ${data.runs.find((run) => run.mark === mark).machine.processor ?? "no record"}`;
  options(by("machine"), [["", "each row's first run"], ...marks.map((mark) => [mark, machine(mark)])], state.machine);
  if (by("search").value !== state.search) by("search").value = state.search;
  const parts = current.parts.map((part) => ({ value: part.name, text: part.name, amount: part.corpora.length }));
  buttons(by("media"), parts, (name) => name === state.media, (name) => {
    state.corpora.clear();
    set("media", name);
  });
  const part = current.parts.find((found) => found.name === state.media) ?? current.parts[0];
  const corpora = (part?.corpora ?? []).map((number) => current.corpora[number].name);
  buttons(by("corpora"), corpora.map((name) => ({ value: name, text: name })), (name) => state.corpora.has(name), (name) => toggle(state.corpora, name));
  const amount = (name) => entries.filter((entry) => classes(entry.row).includes(name)).length;
  const names = ["classical", "learned", "verified", "same-machine", ESTIMATE];
  buttons(by("classes"), names.map((name) => ({ value: name, text: name, amount: amount(name) })), (name) => state.classes.has(name), (name) => toggle(state.classes, name));
  by("prices").hidden = !current.rows.some((row) => row.prior);
  if (by("prices").hidden || !PRICES.some(([price]) => price === state.price)) state.price = "raw";
  if (!["encode", "decode"].includes(state.speed)) state.speed = "encode";
  const one = (id, items) => buttons(by(id), items.map(([value, text]) => ({ value, text })), (value) => value === state[id], (value) => set(id, value));
  one("speed", [["encode", "Encode"], ["decode", "Decode"]]);
  one("price", PRICES);
}

function draw(current, numbers, shown) {
  const price = { raw: "mean", gb: "gb", n: "n" }[state.price];
  const drawn = shown.map((entry) => ({ ...entry, speed: entry[state.speed], cost: entry[price] }));
  const over = numbers.length > 1 ? `geometric mean of ${numbers.length} corpora` : current.corpora[numbers[0]]?.name ?? "";
  const paid = state.price === "raw" ? "ratio" : "ratio with the model";
  plot.draw(drawn, {
    title: `Ratio against ${state.speed} speed, ${over}: ${drawn.length} codecs; use the arrow keys to go from one to the next`,
    x: `${state.speed} speed, MB per CPU second → faster`,
    y: `smaller ← ${paid}, %`,
  });
  const left = drawn.filter((entry) => !(entry.speed > 0 && entry.cost > 0)).length;
  by("undrawn").textContent = left ? `${many(left, "row")} without a mean or a speed ${left === 1 ? "is" : "are"} not drawn.` : "";
}

function notes(current, numbers, shown) {
  const found = [];
  const marks = new Set(shown.flatMap((entry) => entry.marks));
  if (marks.size > 1) found.push("Env: speeds and memory were measured on different machines, or with different threads or jobs; they compare only within one. Choose one under “Speeds from”.");
  if ([...marks].some((mark) => mark.endsWith("‖"))) found.push("‖: timed while other cells ran, slower than on a quiet machine.");
  if (shown.some((entry) => entry.row.prior)) found.push("Adjusted: the model counted as part of the message. Prequential: the ratio of a codec that learns only as it codes.");
  if (!numbers.length) found.push("Nothing to average: all corpora are controls, or empty.");
  for (const number of numbers) {
    const { name, label } = current.corpora[number];
    if (label) found.push(`${name}: ${label}.`);
  }
  if (shown.some((entry) => entry.marked)) found.push(...data.cautions);
  by("ranking-notes").replaceChildren(...found.map((note) => element("p", { class: "note" }, note)));
}

const tell = (entry) => [
  entry.row.name,
  `${entry.place === "-" ? "no place" : `place ${entry.place}`} · ratio ${rated(entry, entry.mean, entry.marked)} %` +
    (entry.precise ? ` (95%: ${percent(entry.precise.low)}–${percent(entry.precise.high)})` : ""),
  ...(entry.row.prior ? [`model ${bytes(entry.row.prior)} · adjusted ${rated(entry, entry.gb, "")} % at 1 GB`] : []),
  `encode ${significant(entry.encode)} MB/s · decode ${significant(entry.decode)} MB/s · peak ${megabytes(entry.memory)} MB`,
  tags(entry).map(([word]) => word).join(", "),
];
const plot = new Plot(by("plot"), tell, (name) => ranking.light(name));
const ranking = new Ranking(by("ranking"), (key) => {
  state.descending = state.sort === key ? !state.descending : DOWN.includes(key);
  set("sort", key);
}, (name) => plot.light(name));

function refresh() {
  const current = board();
  if (!current.parts.some((part) => part.name === state.media)) state.media = current.parts[0]?.name ?? "all";
  const numbers = chosen(current, state);
  const entries = standing(current, numbers, state.machine, data.runs);
  controls(current, entries);
  const shown = entries.filter((entry) => passes(entry.row, state));
  draw(current, numbers, shown);
  ranking.show(data, current, numbers, shown, entries, state);
  notes(current, numbers, shown);
  const hidden = entries.length - shown.length;
  by("count").textContent = `${many(shown.length, "row")}${hidden ? ` of ${entries.length}` : ""}, ${many(numbers.length, "corpus", "corpora")}`;
  by("reset").disabled = !hidden && !state.corpora.size && state.media === current.parts[0]?.name;
  remember();
}

function facts() {
  const table = (id, heads, rows) => {
    const look = (word) => ((word.textContent ?? word).length > 64 ? { class: "prose" } : {});
    const line = (name, words) => element("tr", {}, ...words.map((word) => element(name, look(word), word)));
    by(id).append(element("thead", {}, line("th", heads)), element("tbody", {}, ...rows.map((row) => line("td", row))));
  };
  const code = (text) => element("code", {}, text);
  table("cuts", ["corpus", "protocol", "media", "samples", "bytes", "SHA-256", "remark"], data.boards.flatMap((found) =>
    found.corpora.map((c) => [c.name, found.label, c.kind, count(c.samples), count(c.bytes), code(c.digest),
      [c.label, c.entropy === null ? "" : `entropy ${c.entropy.toFixed(3)} bpb`, c.averaged ? "" : "in no mean"].filter(Boolean).join("; ")])));
  table("runs", ["env", "in", "started", "machine", "threads, jobs", "codelength", "libraries", "command"], data.runs.map((run) => [
    run.mark, run.folders.join(", "), run.started,
    Object.entries(run.machine).map(([name, value]) => `${name}: ${value}`).join("; ") || "no record",
    `${run.threads}, ${run.jobs}`, [run.codelength, run.commit].filter(Boolean).join(" at "),
    Object.entries(run.libraries).map(([name, value]) => `${name} ${value}`).join(", "), code(run.command)]));
  const days = data.runs.map((run) => run.started.slice(0, 10)).filter(Boolean).sort();
  if (days.length) by("span").textContent = `Measured ${days[0] === days.at(-1) ? `on ${days[0]}` : `from ${days[0]} to ${days.at(-1)}`}.`;
  const told = [
    ["contradictions", "Contradictions", "Same codec, same libraries, same bytes, and another outcome: one of them is wrong, or the codec depends on something that it does not tell.", data.contradictions],
    ["failed", "Not ok", "Cells without figures; none of them is in any mean.", data.failed.map((f) => `${f.status}: ${f.codec} on ${f.corpus}, ${f.protocol}, in ${f.folder}: ${f.reason}`)],
    ["left-out", "Left out", "Not merged, because these are not the same bytes under the same protocol.", data.left_out],
  ];
  for (const [look, title, why, lines] of told) {
    if (!lines.length) continue;
    const list = element("ul", { class: look }, ...lines.map((line) => element("li", {}, line)));
    by("remarks").append(element("h2", {}, `${title} · ${count(lines.length)}`), element("p", { class: "note" }, why), lines.length > 12 ? element("details", {}, element("summary", {}, "Show them"), list) : list);
  }
}

for (const id of ["board", "prior", "machine"]) by(id).addEventListener("change", () => {
  if (id === "board") state.corpora.clear();
  set(id, by(id).value);
});
by("search").addEventListener("input", () => set("search", by("search").value));
by("controls").addEventListener("submit", (event) => event.preventDefault());
by("reset").addEventListener("click", () => {
  const kept = { board: state.board, sort: state.sort, descending: state.descending, speed: state.speed, price: state.price, machine: state.machine };
  Object.assign(state, fresh(), kept);
  refresh();
});
window.addEventListener("hashchange", () => { recall(); refresh(); });

document.querySelector("main").hidden = false;
facts();
recall();
refresh();
let width = by("plot").clientWidth;
new ResizeObserver(() => {
  if (by("plot").clientWidth === width) return;
  width = by("plot").clientWidth;
  refresh();
}).observe(by("plot"));
