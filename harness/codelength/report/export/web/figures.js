// Numbers as they are printed by codelength/report/format.py; exact halves alone may round apart.
"use strict";

const NA = "n/a";

function grouped(value, decimals) {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function percent(rate) {
  if (rate === null) return NA;
  const value = 100 * rate;
  if (value >= 1000) return grouped(value, 0);
  return value >= 1 || value <= 0 ? value.toFixed(2) : value.toFixed(4);
}

function significant(value) {
  if (value === null) return NA;
  if (!value) return "0";
  const wanted = Math.abs(value) < 0.01 ? 2 : 3;
  const rounded = Number(value.toPrecision(wanted));
  const decimals = Math.max(0, wanted - 1 - Math.floor(Math.log10(Math.abs(rounded))));
  return grouped(decimals > 0 ? rounded : value, decimals);
}

function megabytes(size) {
  if (size === null) return NA;
  const value = size / 1e6;
  return value >= 9.95 ? grouped(value, 0) : value.toFixed(value >= 0.95 ? 1 : 2);
}

function bytes(value) {
  for (const [unit, scale] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (value >= scale) return `${significant(value / scale)} ${unit}`;
  }
  return `${value} B`;
}

// `zstd:level=22,long=27` → `zstd 22, long=27`
function short(codec) {
  const [, name, first, rest] = /^([^:]*):?([^,]*),?(.*)$/s.exec(codec);
  const value = first.includes("=") ? first.slice(first.indexOf("=") + 1) : first;
  return `${name} ${value}`.trim() + (rest ? `, ${rest}` : "");
}
