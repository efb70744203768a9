// What is shown of a board: which rows, their figures over the chosen corpora, their places, order.
"use strict";

const ESTIMATE = "estimate";

// The geometric mean; null over a hole.
function geometric(values) {
  if (!values.length || values.some((value) => value === null)) return null;
  if (values.includes(0)) return 0;
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

// The corpora (by number) that figures are taken over: of one kind of media or of all kinds, and
// of those the ones that were picked, if any.
function chosen(board, state) {
  const part = board.parts.find((part) => part.name === state.media) ?? board.parts[0];
  if (!part) return [];
  const picked = part.corpora.filter((number) => state.corpora.has(board.corpora[number].name));
  return picked.length ? picked : part.corpora;
}

function ratio(board, row, number) {
  const cell = row.cells[number];
  return cell?.coded === undefined ? null : cell.coded / board.corpora[number].bytes;
}

// † and ?, where a model may have been trained on one of these corpora.
function marksOf(row, numbers) {
  const found = numbers.map((number) => row.cells[number]?.mark ?? "").join("");
  return ["†", "?"].filter((mark) => found.includes(mark)).join("");
}

// The figures of one row: over `numbers`, with the speeds of one machine ("" for any).
function measure(board, row, numbers, machine, runs) {
  const ratios = numbers.map((number) => ratio(board, row, number));
  const timed = numbers.map((number) => {
    const cell = row.cells[number];
    if (cell?.coded === undefined) return null;
    return cell.measured.find((found) => !machine || runs[found.run].mark === machine) ?? null;
  });
  const priced = (size) => row.prior === null ? null : geometric(
    ratios.map((value, i) => (value === null ? null : value + row.prior / (size ?? board.corpora[numbers[i]].bytes))),
  );
  const peaks = timed.map((found) => found?.memory ?? null);
  return {
    row,
    ratios,
    mean: geometric(ratios),
    done: ratios.filter((value) => value !== null).length,
    gb: priced(GB),
    online: row.prior === 0 ? geometric(ratios) : null,
    marked: marksOf(row, numbers),
    n: priced(null),
    encode: geometric(timed.map((found) => found?.encode ?? null)),
    decode: geometric(timed.map((found) => found?.decode ?? null)),
    memory: peaks.length && peaks.every((peak) => peak !== null) ? Math.max(...peaks) : null,
    marks: [...new Set(timed.filter(Boolean).map((found) => runs[found.run].mark))].sort(),
    kinds: board.parts.slice(1).map((part) => ({
      rate: geometric(part.corpora.map((number) => ratio(board, row, number))),
      marked: marksOf(row, part.corpora),
    })),
  };
}

// The rows that have any cell among `numbers`, each with its place by mean ratio. Places are those
// among all rows of the board, whatever else is filtered; an estimate has none.
function standing(board, numbers, machine, runs) {
  const found = board.rows
    .filter((row) => numbers.some((number) => row.cells[number]))
    .map((row) => measure(board, row, numbers, machine, runs));
  const means = found.filter((entry) => entry.mean !== null && entry.row.evidence !== ESTIMATE).map((entry) => entry.mean);
  for (const entry of found) {
    const better = means.filter((mean) => mean < entry.mean).length;
    const equal = means.filter((mean) => mean === entry.mean).length;
    const ranked = entry.mean !== null && entry.row.evidence !== ESTIMATE;
    entry.rank = ranked ? 1 + better : null;
    entry.place = ranked ? `${1 + better}${equal > 1 ? "=" : ""}` : entry.mean === null ? "-" : "≈";
    entry.precise = precise(board, entry, numbers);
  }
  return found;
}

// The interval of the mean, where the chosen corpora are those that it was computed for.
function precise(board, entry, numbers) {
  const part = board.parts.find((part) => part.corpora.length === numbers.length && part.corpora.every((n) => numbers.includes(n)));
  const place = part && entry.row.places[part.name];
  return place && place.mean !== null ? place : null;
}

function classes(row) {
  return [row.learned ? "learned" : "classical", row.evidence];
}

function passes(row, state) {
  const learning = ["classical", "learned"].filter((name) => state.classes.has(name));
  const evidence = ["verified", "same-machine", ESTIMATE].filter((name) => state.classes.has(name));
  return (
    (!learning.length || learning.includes(classes(row)[0])) &&
    (!evidence.length || evidence.includes(row.evidence)) &&
    (state.prior === "" || (row.prior !== null && row.prior <= Number(state.prior))) &&
    state.search.toLowerCase().split(/\s+/).every((word) => row.name.toLowerCase().includes(word))
  );
}

// By a column's value; what has none is last in either direction, and so is what was not decoded.
function sorted(entries, value, descending) {
  const sign = descending ? -1 : 1;
  return [...entries].sort((a, b) => {
    const guessed = (a.row.evidence === ESTIMATE) - (b.row.evidence === ESTIMATE);
    const [x, y] = [value(a), value(b)];
    if (guessed) return guessed;
    if (x === null || y === null) return (x === null) - (y === null) || b.done - a.done;
    const order = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return sign * order;
  });
}

// Which entries no other one beats: at least as fast and as small, and one of the two more so.
function pareto(entries) {
  const beats = (q, p) => q.speed >= p.speed && q.cost <= p.cost && (q.speed > p.speed || q.cost < p.cost);
  return entries.filter((entry) => !entries.some((other) => beats(other, entry)));
}
