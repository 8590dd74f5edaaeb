// What a picture is, as the address of the page holds it: wallets with their cells, filters, notes. Nothing of the record's numbers.
"use strict";

export const newState = (chain, root) => ({
  chain, root, wallets: [root], cells: {}, expanded: [], opened: [], filter: {}, notes: {}, marked: [], down: false, size: 0, numbered: false,
});

// Cells as [column, row, 1 if pinned]. Addresses are written once: all else names them by their index.
function packed(state) {
  const index = new Map(state.wallets.map((address, place) => [address, place]));
  const short = (id) => id.replace(/0x[0-9a-f]{40}|[^:>]+$/, (address) => index.has(address) ? `#${index.get(address)}` : address);
  return {
    v: 1, c: state.chain, w: state.wallets, r: index.get(state.root),
    p: Object.entries(state.cells).map(([id, cell]) => [short(id), ...cell]),
    e: state.expanded.map(([address, way]) => [index.get(address), way === "in" ? 0 : 1]),
    o: state.opened, f: state.filter, n: Object.entries(state.notes).map(([id, text]) => [short(id), text]),
    m: state.marked.map(([from, to]) => [index.get(from), index.get(to)]),
    d: [state.down, state.size, state.numbered].map(Number),
  };
}

function unpacked(made) {
  if (made.v !== 1) throw new Error("The link was made by another version of the explorer.");
  const long = (id) => id.replace(/#(\d+)$/, (_, place) => made.w[place]);
  const known = (place) => made.w[place] !== undefined;
  const filter = Object.fromEntries(Object.entries(made.f).filter(([name]) => ["asset", "since", "until", "least_usd"].includes(name)));
  return {
    chain: made.c, root: made.w[made.r], wallets: made.w.filter((address) => typeof address === "string"),
    cells: Object.fromEntries(made.p.filter(([, column, row]) => Number.isInteger(column) && Number.isInteger(row))
      .map(([id, ...cell]) => [long(id), cell])),
    expanded: made.e.filter(([place]) => known(place)).map(([place, way]) => [made.w[place], way ? "out" : "in"]),
    opened: made.o, filter, notes: Object.fromEntries(made.n.map(([id, text]) => [long(id), String(text)])),
    marked: made.m.filter((ends) => ends.every(known)).map(([from, to]) => [made.w[from], made.w[to]]),
    down: Boolean(made.d[0]), size: [0, 1, 2, 3].includes(made.d[1]) ? made.d[1] : 1, numbered: Boolean(made.d[2]),
  };
}

async function through(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

export async function encode(state) {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(packed(state))), new CompressionStream("deflate-raw"));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export async function decode(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  return unpacked(JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw")))));
}
