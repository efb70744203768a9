// The ranking as a table: columns that sort, rows that open.
"use strict";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// The columns for what is shown: a key, a head with its unit, the value to sort by, the text.
function columns(board, numbers, state, entries) {
  const kinds = board.parts.slice(1);
  const whole = kinds.length > 1 && state.media === "all" && numbers.length === board.parts[0].corpora.length;
  const rate = (key, head, unit, value, marked = () => "", best = false) => ({
    key, head, unit, value, best, text: (entry) => rated(entry, value(entry), marked(entry)),
  });
  const found = [
    { key: "place", head: "#", value: (e) => e.rank, text: (e) => e.place },
    { key: "codec", head: "Codec", value: (e) => e.row.name, left: true },
    rate("ratio", numbers.length > 1 ? "Mean ratio" : "Ratio", "%", (e) => e.mean, (e) => e.marked),
  ];
  if (entries.some((e) => e.precise)) {
    found.push({
      key: "interval", head: "95% interval", value: (e) => e.precise?.low ?? null,
      text: (e) => (e.precise ? `${percent(e.precise.low)}–${percent(e.precise.high)}` : e.mean === null ? `${e.done} of ${numbers.length}` : NA),
    });
  }
  found.push({ key: "class", head: "Class", value: (e) => tags(e).map(([word]) => word).join(" "), left: true });
  const speed = (key, head) => ({ key, head, unit: "MB/s", value: (e) => e[key], text: (e) => significant(e[key]) });
  found.push(speed("encode", "Encode"), speed("decode", "Decode"));
  found.push({ key: "memory", head: "Peak", unit: "MB", value: (e) => e.memory, text: (e) => megabytes(e.memory) });
  if (new Set(entries.flatMap((e) => e.marks)).size > 1) {
    found.push({ key: "env", head: "Env", value: (e) => e.marks.join(" ") || null, text: (e) => e.marks.join(" "), left: true });
  }
  if (whole) {
    kinds.forEach(({ name }, i) => found.push(rate(`kind-${name}`, name, "%", (e) => e.kinds[i].rate, (e) => e.kinds[i].marked, true)));
  } else if (numbers.length > 1) {
    numbers.forEach((number, i) => {
      const { name } = board.corpora[number];
      found.push(rate(`corpus-${name}`, name, "%", (e) => e.ratios[i], (e) => marksOf(e.row, [number]), true));
    });
  }
  if (entries.some((e) => e.row.prior)) {
    found.push(rate("n", "Adjusted", "% at corpus size", (e) => e.n), rate("gb", "Adjusted", "% at 1 GB", (e) => e.gb));
    found.push(rate("online", "Prequential", "%", (e) => e.online));
    found.push({ key: "prior", head: "Model", value: (e) => e.row.prior, text: (e) => (e.row.prior === null ? NA : e.row.prior ? bytes(e.row.prior) : "none") });
  }
  if (entries.some((e) => e.row.confirmed.length)) {
    found.push({ key: "confirmed", head: "Confirmed", unit: "by others", value: (e) => e.row.confirmed.length, text: (e) => count(e.row.confirmed.length) });
  }
  return found;
}

// A rate as printed: ≈ before an estimate, behind it what puts it in doubt.
function rated(entry, rate, marked) {
  if (rate === null) return NA;
  return (entry.row.evidence === ESTIMATE ? "≈" : "") + percent(rate) + marked;
}

// What stands behind a row, as words with a look each.
function tags(entry) {
  const { row } = entry;
  const found = [];
  if (row.learned) found.push(["learned", "learned"]);
  if (row.evidence) found.push([row.evidence === ESTIMATE ? "≈ estimate" : row.evidence, ""]);
  const statuses = new Set(row.cells.filter((cell) => cell && cell.coded === undefined).map((cell) => cell.status));
  if (entry.mean === null) for (const status of statuses) found.push([status, status === "unsupported" ? "" : "bad"]);
  if (row.contradicted) found.push(["contradicted", "bad"]);
  return found;
}

class Ranking {
  // `onSort(key)` and `onRow(name or null)` hear of clicks and of what is hovered or focused.
  constructor(table, onSort, onRow) {
    this.head = table.querySelector("thead");
    this.body = table.querySelector("tbody");
    this.onSort = onSort;
    this.onRow = onRow;
    this.open = new Set();
  }

  show(data, board, numbers, shown, entries, state) {
    const found = columns(board, numbers, state, entries);
    const by = found.find((column) => column.key === state.sort) ?? found[2];
    const focused = this.head.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.head.replaceChildren(element("tr", {}, ...found.map((column) => this.heading(column, by, state))));
    if (focused) this.head.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    const best = new Map(found.filter((c) => c.best).map((c) => [c.key, this.least(entries, c)]));
    const rows = [];
    for (const entry of sorted(shown, by.value, state.descending)) {
      rows.push(this.row(entry, found, best));
      if (this.open.has(entry.row.name)) rows.push(this.detail(data, board, entry, found.length));
    }
    if (!rows.length) {
      const nothing = "Nothing answers to these filters.";
      rows.push(element("tr", {}, element("td", { colspan: found.length, class: "left" }, nothing)));
    }
    this.body.replaceChildren(...rows);
    this.again = () => this.show(data, board, numbers, shown, entries, state);
  }

  least(entries, column) {
    const values = entries.filter((e) => e.row.evidence !== ESTIMATE).map(column.value).filter((v) => v !== null);
    return values.length > 1 ? Math.min(...values) : null;
  }

  heading(column, by, state) {
    const button = element("button", { type: "button", "data-key": column.key }, element("span", {}, column.head));
    if (column.unit) button.append(element("small", {}, column.unit));
    button.addEventListener("click", () => this.onSort(column.key));
    const direction = column === by ? (state.descending ? "descending" : "ascending") : "none";
    const look = [column.left ? "left" : "", column.key === "codec" ? "codec" : ""].join(" ").trim();
    return element("th", { scope: "col", "aria-sort": direction, class: look }, button);
  }

  row(entry, found, best) {
    const { row } = entry;
    const made = element("tr", { class: `row ${row.evidence}` });
    made.dataset.name = row.name;
    for (const column of found) {
      if (column.key === "codec") {
        made.append(this.name(entry));
        continue;
      }
      if (column.key === "class") {
        made.append(element("td", { class: "left" }, ...tags(entry).map(([word, look]) => element("span", { class: `tag ${look}` }, word))));
        continue;
      }
      const value = column.value(entry);
      const text = column.text(entry);
      const looks = [column.left ? "left" : "", text === NA ? "na" : "", column.key === "ratio" ? "mean" : ""];
      if (column.best && value !== null && value === best.get(column.key)) looks.push("best");
      made.append(element("td", { class: looks.join(" ").trim() }, text));
    }
    made.addEventListener("pointerenter", () => this.onRow(row.name));
    made.addEventListener("pointerleave", () => this.onRow(null));
    return made;
  }

  name(entry) {
    const { name } = entry.row;
    const opened = this.open.has(name);
    const button = element("button", { type: "button", class: "open", "aria-expanded": opened }, name);
    button.addEventListener("click", () => {
      if (!this.open.delete(name)) this.open.add(name);
      this.again();
      for (const row of this.body.querySelectorAll("tr.row")) {
        if (row.dataset.name === name) row.querySelector(".open").focus();
      }
    });
    button.addEventListener("focus", () => this.onRow(name));
    button.addEventListener("blur", () => this.onRow(null));
    return element("th", { scope: "row" }, button);
  }

  detail(data, board, entry, width) {
    const { row } = entry;
    const versions = (found) => Object.entries(found).map(([name, value]) => `${name} ${value}`).join(", ") || "versions unknown";
    const lines = [element("p", {}, `Libraries: ${versions(row.versions)}.`)];
    if (row.confirmed.length) lines.push(element("p", {}, `Sizes confirmed by ${row.confirmed.join(", ")}.`));
    const head = ["corpus", "coded", "ratio %", "bpb", "encode MB/s", "decode MB/s", "peak MB", "env", "measured in", "started", "libraries, where others"];
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head.map((word, i) => element("th", { scope: "col", class: i === 0 || i > 6 ? "left" : "" }, element("span", {}, word))))));
    const body = element("tbody");
    row.cells.forEach((cell, number) => {
      if (!cell) return;
      cell.measured.forEach((found, turn) => {
        const run = data.runs[found.run];
        const rate = ratio(board, row, number);
        const told = cell.coded === undefined
          ? [cell.status, NA, NA]
          : [turn ? "the same" : count(cell.coded), percent(rate), (8 * rate).toFixed(3)];
        const figures = [significant(found.encode ?? null), significant(found.decode ?? null), megabytes(found.memory ?? null)];
        const words = [run.mark, found.folder, run.started, found.versions ? versions(found.versions) : ""];
        const texts = [board.corpora[number].name, ...told, ...figures, ...words];
        body.append(element("tr", {}, ...texts.map((text, i) => element("td", { class: i === 0 || i > 6 ? "left" : "" }, text))));
      });
      if (cell.reason) body.append(element("tr", {}, element("td", { colspan: head.length, class: "left" }, `${board.corpora[number].name}: ${cell.reason}`)));
    });
    table.append(body);
    return element("tr", { class: "detail" }, element("td", { colspan: width }, ...lines, element("div", { class: "scroll" }, table)));
  }

  light(name) {
    for (const row of this.body.querySelectorAll("tr.row")) row.classList.toggle("lit", row.dataset.name === name);
  }
}
