// Ratio against speed, drawn into the page's SVG; a point answers to pointer and arrow keys.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 62, right: 18, top: 16, bottom: 46 };
const REACH = 28; // pixels from which a point catches the pointer
const TICKS = [1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200, 300, 500];

function shape(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

class Plot {
  // `told(entry)` gives the lines of the tip; `onPoint(name or null)` hears what is pointed at.
  constructor(holder, told, onPoint) {
    this.holder = holder;
    this.svg = holder.querySelector("svg");
    this.tip = holder.querySelector("#tip");
    this.told = told;
    this.onPoint = onPoint;
    this.points = [];
    this.at = null;
    this.svg.addEventListener("pointermove", (event) => this.seek(event));
    this.svg.addEventListener("pointerdown", (event) => this.seek(event));
    this.svg.addEventListener("pointerleave", () => this.point(null));
    this.svg.addEventListener("blur", () => this.point(null));
    this.svg.addEventListener("keydown", (event) => this.step(event));
  }

  // `entries` with their `speed` in MB/s and `cost` as a ratio; those without are not drawn.
  draw(entries, labels) {
    this.at = null;
    this.tip.hidden = true;
    this.holder.classList.remove("dim");
    this.width = Math.max(300, this.holder.clientWidth);
    this.height = Math.round(Math.min(520, Math.max(320, 0.52 * this.width)));
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.svg.setAttribute("height", this.height);
    this.svg.setAttribute("aria-label", labels.title);
    const drawn = entries.filter((entry) => entry.speed > 0 && entry.cost > 0);
    if (!drawn.length) {
      this.points = [];
      const middle = { x: this.width / 2, y: this.height / 2, "text-anchor": "middle" };
      this.svg.replaceChildren(shape("text", middle, "No codec here has both a mean and a speed."));
      return;
    }
    const x = this.scale(drawn.map((e) => e.speed), MARGIN.left, this.width - MARGIN.right, 0.06);
    const y = this.scale(drawn.map((e) => e.cost), this.height - MARGIN.bottom, MARGIN.top, 0.08);
    this.points = drawn
      .map((entry) => ({ entry, name: entry.row.name, x: x.at(entry.speed), y: y.at(entry.cost) }))
      .sort((a, b) => a.x - b.x || a.y - b.y);
    const front = pareto(drawn.filter((entry) => entry.row.evidence !== ESTIMATE));
    const best = this.points.filter((point) => front.includes(point.entry));
    this.svg.replaceChildren(
      ...this.frame(x, y, labels, best),
      ...this.families(),
      ...this.points.map((point) => this.mark(point)),
      ...this.names(best),
    );
  }

  scale(values, from, to, room) {
    const logs = values.map(Math.log10);
    const low = Math.min(...logs);
    const high = Math.max(...logs);
    const pad = Math.max(room * (high - low), 0.03);
    const all = high - low + 2 * pad;
    return {
      low: 10 ** (low - pad),
      high: 10 ** (high + pad),
      at: (value) => from + ((Math.log10(value) - low + pad) / all) * (to - from),
    };
  }

  frame(x, y, labels, best) {
    const [right, bottom] = [this.width - MARGIN.right, this.height - MARGIN.bottom];
    const parts = [];
    if (best.length) {
      parts.push(shape("path", { class: "beaten", d: `${this.staircase(best)}V${MARGIN.top}H${MARGIN.left}Z` }));
    }
    for (let power = Math.floor(Math.log10(x.low)); power <= Math.log10(x.high); power++) {
      for (const digit of [1, 2, 5]) {
        const value = digit * 10 ** power;
        if (value < x.low || value > x.high) continue;
        const wide = Math.log10(x.high / x.low) > 2.2;
        if (wide && digit !== 1) continue;
        const at = x.at(value);
        parts.push(shape("line", { class: "grid", x1: at, x2: at, y1: MARGIN.top, y2: bottom }));
        parts.push(shape("text", { x: at, y: bottom + 16, "text-anchor": "middle" }, this.tick(value)));
      }
    }
    let last = Infinity;
    for (const value of this.levels(y)) {
      const at = y.at(value / 100);
      if (last - at < 18) continue;
      last = at;
      parts.push(shape("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }));
      parts.push(shape("text", { x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, this.tick(value)));
    }
    if (best.length) parts.push(shape("path", { class: "front", d: `${this.staircase(best)}V${MARGIN.top}` }));
    const middle = (MARGIN.top + bottom) / 2;
    const turn = `translate(16 ${middle}) rotate(-90)`;
    parts.push(shape("text", { class: "axis", x: (MARGIN.left + right) / 2, y: this.height - 9, "text-anchor": "middle" }, labels.x));
    parts.push(shape("text", { class: "axis", transform: turn, "text-anchor": "middle" }, labels.y));
    return parts;
  }

  // Along the cost of each best point as far as its speed, then up to the next, faster one.
  staircase(best) {
    let path = `M${MARGIN.left} ${best[0].y}`;
    for (const point of best) path += `V${point.y}H${point.x}`;
    return path;
  }

  levels(y) {
    const [low, high] = [100 * y.low, 100 * y.high];
    const fit = TICKS.filter((tick) => tick >= low && tick <= high);
    if (fit.length > 3) return fit;
    const step = 10 ** Math.floor(Math.log10((high - low) / 3));
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
  }

  tick(value) {
    return value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
  }

  families() {
    const groups = new Map();
    for (const point of this.points) {
      const { family, learned } = point.entry.row;
      const key = `${learned} ${family}`;
      groups.set(key, [...(groups.get(key) ?? []), point]);
    }
    return [...groups.values()].filter((group) => group.length > 1).map((group) => {
      const path = shape("polyline", {
        class: `family ${this.kind(group[0])}`,
        points: group.map((p) => `${p.x},${p.y}`).join(" "),
      });
      path.dataset.family = group[0].entry.row.family;
      return path;
    });
  }

  kind(point) {
    const { learned, evidence } = point.entry.row;
    return `${learned ? "learned" : "classical"}${evidence === ESTIMATE ? " estimate" : ""}`;
  }

  mark(point) {
    const { x, y } = point;
    const path = point.entry.row.learned
      ? shape("path", { d: `M${x} ${y - 6.5}L${x + 6.5} ${y} ${x} ${y + 6.5} ${x - 6.5} ${y}Z` })
      : shape("circle", { cx: x, cy: y, r: 5 });
    path.setAttribute("class", `mark ${this.kind(point)}`);
    path.dataset.name = point.name;
    path.dataset.family = point.entry.row.family;
    point.mark = path;
    return path;
  }

  // Names where there is room for them, those on the front first: they cover no name, no point,
  // and nothing outside.
  names(best) {
    const taken = this.points.map(({ x, y }) => [x - 6, y - 6, x + 6, y + 6]);
    const order = [...best, ...this.points.filter((point) => !best.includes(point))];
    const found = [];
    for (const point of order) {
      const text = short(point.name);
      const width = 6.3 * text.length;
      const { x, y } = point;
      const spots = [
        [x + 9, y + 4], [x - 9 - width, y + 4], [x - width / 2, y - 10], [x - width / 2, y + 18],
        [x + 7, y - 8], [x + 7, y + 16], [x - 7 - width, y - 8], [x - 7 - width, y + 16],
      ];
      const spot = spots.find(([left, base]) => {
        const box = [left, base - 10, left + width, base + 3];
        const inside = box[0] > MARGIN.left && box[2] < this.width - 4 && box[1] > 4 && box[3] < this.height - MARGIN.bottom;
        return inside && !taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
      });
      if (!spot) continue;
      const [left, base] = spot;
      taken.push([left, base - 10, left + width, base + 3]);
      const label = shape("text", { class: "label", x: left, y: base }, text);
      label.dataset.family = point.entry.row.family;
      found.push(label);
    }
    return found;
  }

  seek(event) {
    const box = this.svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    let least = REACH;
    for (const point of this.points) {
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance < least) [best, least] = [point, distance];
    }
    this.point(best);
  }

  step(event) {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.point(null);
    if (!move || !this.points.length) return;
    event.preventDefault();
    const last = this.points.length - 1;
    const next = this.at === null ? (move > 0 ? 0 : last) : this.points.indexOf(this.at) + move;
    this.point(this.points[Math.min(last, Math.max(0, next))]);
  }

  // Lights the row called `name` without telling anyone.
  light(name) {
    this.show(this.points.find((point) => point.name === name) ?? null, false);
  }

  point(point) {
    if (point === this.at) return;
    this.show(point, true);
    this.onPoint(point && point.name);
  }

  show(point, tell) {
    this.at = point;
    this.holder.classList.toggle("dim", point !== null);
    for (const element of this.svg.querySelectorAll("[data-family]")) {
      element.classList.toggle("lit", point !== null && element.dataset.family === point.entry.row.family);
      element.classList.toggle("here", point !== null && element.dataset.name === point.name);
    }
    this.tip.hidden = !point || !tell;
    if (!point || !tell) return;
    const [name, ...lines] = this.told(point.entry);
    const strong = document.createElement("strong");
    strong.textContent = name;
    this.tip.replaceChildren(strong, ...lines.map((line) => {
      const span = document.createElement("span");
      span.textContent = line;
      return span;
    }));
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = point.x + 14 + width < this.width ? point.x + 14 : Math.max(4, point.x - 14 - width);
    const top = Math.min(Math.max(4, point.y - height / 2), Math.max(4, this.height - height - 4));
    this.tip.style.transform = `translate(${left}px, ${top}px)`;
  }
}
