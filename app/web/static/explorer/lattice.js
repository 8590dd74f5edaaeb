// The layout: dagre puts items into layers and orders them; layers that are too tall for the canvas become several columns of a lattice.
"use strict";

// Boxes and how far they lie apart, in the drawing's own units: with room for captions of edges, without, and for many. The last is for narrow screens.
export const SIZES = [
  { along: { box: 116, pitch: 316 }, across: { box: 32, pitch: 46 } },
  { along: { box: 116, pitch: 152 }, across: { box: 32, pitch: 46 } },
  { along: { box: 85, pitch: 110 }, across: { box: 31, pitch: 41 } },
  { along: { box: 30, pitch: 48 }, across: { box: 66, pitch: 74 } },
];
const WIDE = [0, 1, 2], DOWN = [3];
export const FONT = 11;
export const LEAST_FONT = 9; // pixels on the screen at the zoom that a picture opens with
const MOST_ZOOM = 1.25, MARGIN = 14;

export const sizes = (state) => SIZES[state.size];
export const isDense = (state) => state.size >= 2;

function layers(items, edges, down) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: down ? "TB" : "LR", nodesep: 10, ranksep: 60, acyclicer: "greedy" });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const item of items) graph.setNode(item.id, { width: 30, height: 30 });
  for (const edge of edges) graph.setEdge(edge.source, edge.target, { weight: edge.kind === "more" ? 1 : 2 });
  dagre.layout(graph);
  const placed = items.map((item) => {
    const { x, y } = graph.node(item.id);
    return down ? { id: item.id, along: y, across: x } : { id: item.id, along: x, across: y };
  });
  const byLayer = d3.group(placed, (each) => Math.round(each.along));
  return [...byLayer.entries()].sort(([a], [b]) => a - b).map(([, members]) => members.sort((a, b) => a.across - b.across));
}

// How many rows a column may have, so that everything is drawn as large as possible.
function rowsOf(counts, pitch, canvas) {
  let best = { rows: 1, zoom: 0 };
  for (let rows = 1; rows <= Math.max(...counts); rows++) {
    const columns = d3.sum(counts, (count) => Math.ceil(count / rows));
    const zoom = Math.min(canvas.along / (columns * pitch.along), canvas.across / (rows * pitch.across), MOST_ZOOM);
    if (zoom >= best.zoom) best = { rows, zoom };
  }
  return best;
}

// Rows near where dagre put the members, in their order, each in a row of its own, none beyond the last.
function rowsInColumn(members, scale, rows) {
  const wanted = members.map((each) => Math.round(each.across * scale));
  wanted.forEach((row, place) => { wanted[place] = Math.max(row, place ? wanted[place - 1] + 1 : 0); });
  for (let place = wanted.length - 1, most = rows - 1; place >= 0; place--, most = wanted[place + 1] - 1) wanted[place] = Math.min(wanted[place], most);
  return wanted;
}

// Cells of all items: [column, row, pinned]. The root's is [0, 0]; pinned items keep theirs.
export function arrange(state, items, edges, canvas) {
  const room = { along: (canvas.down ? canvas.height : canvas.width) - 2 * MARGIN, across: (canvas.down ? canvas.width : canvas.height) - 2 * MARGIN };
  const byLayer = layers(items, edges, canvas.down);
  const counts = byLayer.map((members) => members.length);
  let best = { zoom: 0 };
  for (const size of canvas.down ? DOWN : WIDE) {
    const fit = { size, ...rowsOf(counts, { along: SIZES[size].along.pitch, across: SIZES[size].across.pitch }, room) };
    if (fit.zoom > best.zoom) best = fit;
    if (fit.zoom * FONT >= LEAST_FONT + 0.3) break; // the roomiest that can be read
  }
  const extent = Math.max(...byLayer.flat().map((each) => each.across)) / 40 + 1;
  const rows = Math.max(best.rows, Math.min(Math.ceil(extent), Math.floor(room.across / best.zoom / SIZES[best.size].across.pitch)));
  const scale = Math.min(1, rows / extent) / 40;
  const cells = new Map();
  let column = 0;
  for (const members of byLayer) {
    for (let begin = 0; begin < members.length; begin += best.rows, column++) {
      const chunk = members.slice(begin, begin + best.rows);
      rowsInColumn(chunk, scale, rows).forEach((row, place) => cells.set(chunk[place].id, [column, row]));
    }
  }
  const [rootColumn, rootRow] = cells.get(state.root) ?? [0, 0];
  return { down: canvas.down, size: best.size, cells: settle(cells, state, rootColumn, rootRow) };
}

// Pinned items first, then the others, each in the free cell of its column that is nearest to its own.
function settle(cells, state, rootColumn, rootRow) {
  const pinned = Object.entries(state.cells).filter(([id, cell]) => cell[2] && cells.has(id));
  const settled = Object.fromEntries(pinned);
  const taken = new Set(pinned.map(([, [column, row]]) => `${column},${row}`));
  for (const [id, [column, row]] of cells) {
    if (settled[id]) continue;
    const cell = freeCell(taken, column - rootColumn, row - rootRow);
    taken.add(`${cell[0]},${cell[1]}`);
    settled[id] = [...cell, 0];
  }
  return settled;
}

export function freeCell(taken, column, row) {
  for (let distance = 0; ; distance++) {
    for (const candidate of distance ? [row + distance, row - distance] : [row]) {
      if (!taken.has(`${column},${candidate}`)) return [column, candidate];
    }
  }
}
