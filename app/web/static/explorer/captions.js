// Texts that fit where they stand: names are cut, and captions of edges stand only where no other does.
"use strict";
import { short } from "./items.js";

const measuring = document.createElement("canvas").getContext("2d");

export function widthOf(text, size, weight = 400) {
  measuring.font = `${weight} ${size}px ${getComputedStyle(document.documentElement).fontFamily}`;
  return measuring.measureText(text).width;
}

export function cut(text, width, size, weight) {
  if (widthOf(text, size, weight) <= width) return text;
  let kept = text.length;
  while (kept > 1 && widthOf(`${text.slice(0, kept)}…`, size, weight) > width) kept--;
  return `${text.slice(0, kept).trimEnd()}…`;
}

// The two lines of a box: what it is called, and which wallet it is.
export function linesOf(item, isNarrow) {
  const money = (value) => Number(value) >= 1e6 ? `$${(value / 1e6).toFixed(1)}M` : Number(value) >= 1e3 ? `$${(value / 1e3).toFixed(0)}k` : `$${Number(value).toFixed(0)}`;
  if (item.kind === "more") return [`+${item.wallets.toLocaleString("en")} ${isNarrow ? "more" : item.way === "in" ? "senders" : "receivers"}`, money(item.usd_value)];
  if (item.kind === "owner") return [item.owner, `${item.members.length} wallets`];
  const { name, address } = item.wallet;
  const brief = isNarrow ? `${address.slice(0, 4)}…${address.slice(-4)}` : short(address);
  if (name !== null) return [name, brief];
  return [brief, isNarrow ? `‹${item.senders} ${item.receivers}›` : `${item.senders} in, ${item.receivers} out`];
}

// At which end each edge's caption stands: where fewer edges are. Of several in one gutter beside one row the largest has it.
export function captionEnds(edges, cells) {
  const [out, into] = [d3.rollup(edges, (each) => each.length, (edge) => edge.source), d3.rollup(edges, (each) => each.length, (edge) => edge.target)];
  const ends = new Map();
  const taken = new Set();
  for (const edge of [...edges].sort((a, b) => Number(b.usd_value ?? 0) - Number(a.usd_value ?? 0) || a.id.localeCompare(b.id))) {
    const end = into.get(edge.target) <= out.get(edge.source) ? "target" : "source";
    const [column, row] = cells[end === "target" ? edge.target : edge.source];
    const isLeft = (end === "target") === (cells[edge.target][0] > cells[edge.source][0]);
    const place = `${isLeft ? column - 1 : column}:${row}`;
    ends.set(edge.id, { end, isLeft, shown: !taken.has(place) });
    taken.add(place);
  }
  return ends;
}
