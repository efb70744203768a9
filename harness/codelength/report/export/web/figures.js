// Numbers as they are printed by codelength/report/format.py; exact halves alone may round apart.
"use strict";

const NA = "n/a";

function grouped(value, decimals) {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function percent(rate) {
  if (rate == null) return NA;
  const value = 100 * rate;
  return value >= 1000 ? grouped(value, 0) : value.toFixed(value >= 1 || value <= 0 ? 2 : 4);
}

function significant(value) {
  if (value == null) return NA;
  const digits = Math.abs(value) < 0.01 ? 2 : 3;
  return value === 0 ? "0" : value.toLocaleString("en-US", {
    minimumSignificantDigits: digits, maximumSignificantDigits: digits,
    minimumFractionDigits: 0, maximumFractionDigits: 0, roundingPriority: "morePrecision",
  });
}

function megabytes(size) {
  if (size == null) return NA;
  const value = size / 1e6;
  return grouped(value, value >= 9.95 ? 0 : value >= 0.95 ? 1 : 2);
}

function bytes(value) {
  const [unit, scale] = [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]].find(([, scale]) => value >= scale) ?? ["B", 0];
  return scale ? `${significant(value / scale)} ${unit}` : `${value} B`;
}

// `zstd:level=22,long=27` → `zstd 22, long=27`
function short(codec) {
  const [, name, first, rest] = /^([^:]*):?([^,]*),?(.*)$/s.exec(codec);
  return `${name} ${first.replace(/^.*?=/s, "")}`.trim() + (rest ? `, ${rest}` : "");
}
