// Ratio against speed, drawn into the page's SVG; a point answers to pointer and arrow keys.
"use strict";

const MARGIN = { left: 62, right: 18, top: 16, bottom: 46 };
const REACH = 28; // pixels from which a point catches the pointer

function shape(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

class Plot {
  // `tell(entry)` gives the lines of the tip; `onPoint(name or null)` hears what is pointed at.
  constructor(holder, tell, onPoint) {
    Object.assign(this, { holder, tell, onPoint, points: [], at: null });
    this.svg = holder.querySelector("svg");
    this.tip = holder.querySelector("#tip");
    for (const name of ["pointermove", "pointerdown"]) this.svg.addEventListener(name, (event) => this.seek(event));
    for (const name of ["pointerleave", "blur"]) this.svg.addEventListener(name, () => this.point(null));
    this.svg.addEventListener("keydown", (event) => this.step(event));
  }

  // `entries` with their `speed` in MB/s, their `cost` as a ratio, and whether they are on the `front`.
  draw(entries, titles) {
    this.show(null);
    this.width = Math.max(300, this.holder.clientWidth);
    this.height = Math.round(Math.min(520, Math.max(320, 0.52 * this.width)));
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.svg.setAttribute("height", this.height);
    this.svg.setAttribute("aria-label", titles.title);
    this.points = entries.filter((entry) => entry.speed > 0 && entry.cost > 0);
    if (!this.points.length) {
      const middle = { x: this.width / 2, y: this.height / 2, "text-anchor": "middle" };
      this.svg.replaceChildren(shape("text", middle, "No codec here has both a ratio and a speed."));
      return;
    }
    const x = this.scale(this.points.map((e) => e.speed), MARGIN.left, this.width - MARGIN.right);
    const y = this.scale(this.points.map((e) => 100 * e.cost), this.height - MARGIN.bottom, MARGIN.top);
    this.points = this.points
      .map((entry) => ({ ...entry, name: entry.row.name, x: x.at(entry.speed), y: y.at(100 * entry.cost) }))
      .sort((a, b) => a.x - b.x || a.y - b.y);
    const front = this.points.filter((point) => point.front);
    this.svg.replaceChildren(...this.frame(x, y, titles, front), ...this.points.map((p) => this.mark(p)), ...this.names(front));
  }

  scale(values, from, to) {
    const logs = values.map(Math.log10);
    const [low, high] = [Math.min(...logs), Math.max(...logs)];
    const pad = Math.max(0.07 * (high - low), 0.03);
    const at = (value) => from + ((Math.log10(value) - low + pad) / (high - low + 2 * pad)) * (to - from);
    const ticks = [];
    const [least, most] = [10 ** (low - pad), 10 ** (high + pad)];
    for (let power = Math.floor(low - pad); power <= high + pad; power++) {
      for (const digit of high - low > 2.2 ? [1] : [1, 1.5, 2, 3, 4, 5, 7]) {
        const value = digit * 10 ** power;
        const room = Math.abs(at(value) - at(ticks.at(-1) ?? 1e-99)) > (from > to ? 24 : 52);
        if (value >= least && value <= most && room) ticks.push(value);
      }
    }
    return { at, ticks };
  }

  frame(x, y, titles, front) {
    const [right, bottom] = [this.width - MARGIN.right, this.height - MARGIN.bottom];
    const tick = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
    const parts = [];
    // Along the cost of each best point as far as its speed, then up to the next, faster one.
    const stairs = front.reduce((path, point) => `${path}V${point.y}H${point.x}`, `M${MARGIN.left} ${front[0]?.y ?? 0}`);
    if (front.length) parts.push(shape("path", { class: "beaten", d: `${stairs}V${MARGIN.top}H${MARGIN.left}Z` }));
    for (const value of x.ticks) {
      parts.push(shape("line", { class: "grid", x1: x.at(value), x2: x.at(value), y1: MARGIN.top, y2: bottom }));
      parts.push(shape("text", { x: x.at(value), y: bottom + 16, "text-anchor": "middle" }, tick(value)));
    }
    for (const value of y.ticks) {
      parts.push(shape("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y.at(value), y2: y.at(value) }));
      parts.push(shape("text", { x: MARGIN.left - 8, y: y.at(value) + 4, "text-anchor": "end" }, tick(value)));
    }
    if (front.length) parts.push(shape("path", { class: "front", d: `${stairs}V${MARGIN.top}` }));
    const turned = { class: "axis", transform: `translate(16 ${(MARGIN.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" };
    const below = { class: "axis", x: (MARGIN.left + right) / 2, y: this.height - 9, "text-anchor": "middle" };
    return [...parts, shape("text", below, titles.x), shape("text", turned, titles.y)];
  }

  mark(point) {
    const { x, y, row } = point;
    const look = `mark ${row.learned ? "learned" : "classical"} ${row.evidence === ESTIMATE ? "estimate" : ""}`;
    const made = row.learned
      ? shape("path", { class: look, d: `M${x} ${y - 6.5}L${x + 6.5} ${y} ${x} ${y + 6.5} ${x - 6.5} ${y}Z` })
      : shape("circle", { class: look, cx: x, cy: y, r: 5 });
    Object.assign(made.dataset, { name: point.name, family: row.family });
    return made;
  }

  // Names where there is room for them, those on the front first; of many points only those.
  names(front) {
    const taken = this.points.map(({ x, y }) => [x - 6, y - 6, x + 6, y + 6]);
    const others = this.points.length > 60 ? [] : this.points.filter((point) => !point.front);
    return [...front, ...others].flatMap((point) => {
      const { x, y, name, row } = point;
      const wide = 6.3 * short(name).length;
      const spots = [[9, 4], [-9 - wide, 4], [-wide / 2, -10], [-wide / 2, 18], [7, -8], [7, 16], [-7 - wide, -8], [-7 - wide, 16]];
      for (const [dx, dy] of spots) {
        const box = [x + dx, y + dy - 10, x + dx + wide, y + dy + 3];
        const inside = box[0] > MARGIN.left && box[2] < this.width - 4 && box[1] > 4 && box[3] < this.height - MARGIN.bottom;
        if (!inside || taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3])) continue;
        taken.push(box);
        const label = shape("text", { class: "label", x: box[0], y: y + dy }, short(name));
        label.dataset.family = row.family;
        return [label];
      }
      return [];
    });
  }

  seek(event) {
    const box = this.svg.getBoundingClientRect();
    const away = (point) => Math.hypot(point.x - event.clientX + box.left, point.y - event.clientY + box.top);
    const near = this.points.filter((point) => away(point) < REACH).sort((a, b) => away(a) - away(b));
    this.point(near[0] ?? null);
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

  // Lights the point called `name` without telling anyone.
  light(name) {
    this.show(this.points.find((point) => point.name === name) ?? null);
  }

  point(point) {
    if (point === this.at) return;
    this.show(point, true);
    this.onPoint(point && point.name);
  }

  show(point, tells = false) {
    this.at = point;
    this.holder.classList.toggle("dim", point !== null);
    for (const made of this.svg.querySelectorAll("[data-family]")) {
      made.classList.toggle("lit", made.dataset.family === point?.row.family);
      made.classList.toggle("here", made.dataset.name === point?.name);
    }
    this.tip.hidden = !point || !tells;
    if (this.tip.hidden) return;
    this.tip.replaceChildren(...this.tell(point).map((line, i) => element(i ? "span" : "strong", {}, line)));
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = point.x + 14 + width < this.width ? point.x + 14 : Math.max(4, point.x - 14 - width);
    const top = Math.min(Math.max(4, point.y - height / 2), Math.max(4, this.height - height - 4));
    this.tip.style.transform = `translate(${left}px, ${top}px)`;
  }
}
