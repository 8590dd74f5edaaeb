// Draws items and edges as SVG: boxes with a name, a level and a category; curves whose width is the amount.
"use strict";
import { captionEnds, cut, linesOf, widthOf } from "./captions.js";
import { caption, days, dollars, nameOf, plural } from "./items.js";
import { FONT, freeCell, isDense, sizes } from "./lattice.js";
import { asPath, router, runsThrough } from "./route.js";

const MARGIN = 12, CAPTION = 10, DRAG_LEAST = 5, MOST_SQUEEZED = 1.28;
const words = (name) => name.replaceAll("_", " ");

export class Drawing {
  constructor(svg, looks, on) {
    Object.assign(this, { svg: d3.select(svg), looks, on, routes: new Map(), isFitted: true, panel: document.getElementById("panel") });
    this.view = this.svg.select("g.view");
    this.zoom = d3.zoom().scaleExtent([0.1, 4]).filter((event) => !event.button && !event.target.closest(".item"))
      .on("zoom", (event) => { this.view.attr("transform", event.transform); if (event.sourceEvent) this.isFitted = false; on.moved(); });
    this.svg.call(this.zoom).on("dblclick.zoom", null);
    this.svg.on("click", (event) => { if (!event.target.closest(".item, .edge")) on.background(); });
  }

  // What is seen of the canvas beside the panel, and which way the money flows on it.
  canvas() {
    const { clientWidth: width, clientHeight: height } = this.svg.node();
    const covered = this.panel.hidden ? { width: 0, height: 0 } : { width: this.panel.offsetWidth, height: this.panel.offsetHeight };
    const down = width < 620;
    return { width: width - (down ? 0 : covered.width), height: height - (down ? covered.height : 0), down };
  }

  render(state, { items, edges }, { titles, selected, still }) {
    Object.assign(this, { state, items, edges });
    const size = sizes(state);
    const taken = new Set(items.map((item) => state.cells[item.id].slice(0, 2).join()));
    this.router = router(size, taken);
    this.box = state.down ? { width: size.across.box, height: size.along.box } : { width: size.along.box, height: size.across.box };
    this.place = (id) => { const [along, across] = this.router.centre(state.cells[id]); return state.down ? [across, along] : [along, across]; };
    this.drawEdges(titles, selected);
    this.drawItems(selected, still);
  }

  drawItems(selected, still) {
    const { state, box, looks } = this;
    const groups = this.view.select(".items").selectAll("g.item").data(this.items, (item) => item.id).join((enter) => {
      const made = enter.append("g").attr("transform", (item) => `translate(${this.place(item.id)})`);
      made.append("rect").attr("class", "box");
      made.append("rect").attr("class", "level-bar");
      made.append("path").attr("class", "category-shape");
      made.append("text").attr("class", "name");
      made.append("text").attr("class", "detail");
      made.append("text").attr("class", "marks");
      made.append("title");
      return made.call(this.dragging()).on("click", (event, item) => this.on.item(item, event))
        .on("dblclick", (event, item) => this.on.twice(item, this.isLeftOf(event, item)))
        .on("contextmenu", (event, item) => { event.preventDefault(); this.on.item(item, event); });
    });
    groups.attr("class", (item) => `item ${item.kind} ${item.risk_level ?? "unknown-level"} tier-${looks[item.category]?.tier ?? "none"}${item.id === state.root ? " root" : ""}${item.id === selected ? " selected" : ""}${state.cells[item.id][2] ? " pinned" : ""}${item.isFaded ? " faded" : ""}${item.wallet?.name === null ? " unnamed" : ""}`)
      .attr("data-id", (item) => item.id).attr("role", "button").attr("aria-haspopup", (item) => item.kind === "more" ? null : "menu")
      .attr("tabindex", (item) => item.id === (selected ?? state.root) ? 0 : -1);
    const isStill = still || matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isStill) groups.interrupt();
    (isStill ? groups : groups.transition().duration(260)).attr("transform", (item) => `translate(${this.place(item.id)})`);
    const [left, top] = [-box.width / 2, -box.height / 2];
    groups.select(".box").attr("x", left).attr("y", top).attr("width", box.width).attr("height", box.height).attr("rx", 5);
    groups.select(".level-bar").attr("x", left).attr("y", top).attr("width", 5).attr("height", box.height).attr("rx", 2);
    const dense = isDense(state);
    const hasShape = (item) => Boolean(looks[item.category]) && item.kind !== "more";
    const indent = (item) => (dense ? 7 : hasShape(item) ? 24 : 9);
    groups.select(".category-shape").attr("d", (item) => hasShape(item) ? looks[item.category].shape : null)
      .attr("transform", dense ? `translate(${-left - 7},${top - 5}) scale(.8)` : `translate(${left + 9},-6)`);
    const isUnnamed = (item) => item.kind === "wallet" && item.wallet.name === null;
    [[".name", -3], [".detail", 11]].forEach(([name, y], line) => groups.select(name).attr("x", (item) => left + indent(item)).attr("y", y).attr("font-size", FONT).each((item, place, nodes) => {
      const room = box.width - indent(item) - 3;
      const weight = line === 0 && !isUnnamed(item) ? 600 : 400;
      // In small boxes letters may stand a little closer: an address says more whole than cut.
      const text = cut(linesOf(item, dense)[line], dense ? room * MOST_SQUEEZED : room, FONT, weight);
      d3.select(nodes[place]).text(text).attr("textLength", widthOf(text, FONT, weight) > room ? room : null).attr("lengthAdjust", "spacingAndGlyphs");
    }));
    groups.select(".marks").attr("x", -left - 3).attr("y", 11).attr("text-anchor", "end").attr("font-size", FONT).text((item) => `${state.notes[item.id] ? "✎" : ""}${state.cells[item.id][2] ? "⚲" : ""}`);
    groups.select("title").text((item) => this.description(item));
  }

  description(item) {
    const parts = [nameOf(item)];
    if (item.kind === "more") parts.push(`${item.way === "in" ? "senders" : "receivers"} that are not shown: ${plural(item.transfers, "transfer")}, ${dollars(item.usd_value)}. Enter shows more of them`);
    if (item.kind === "owner") parts.push(`${item.members.length} wallets of one owner`);
    if (item.kind === "wallet") parts.push(item.wallet.address, `${item.senders} senders, ${item.receivers} receivers`);
    if (item.category) parts.push(words(item.category));
    if (item.risk_level) parts.push(`level ${item.risk_level}`);
    if (this.state.notes[item.id]) parts.push(`note: ${this.state.notes[item.id]}`);
    return parts.join(", ");
  }

  drawEdges(titles, selected) {
    const { state } = this;
    const most = d3.max(this.edges, (edge) => Number(edge.usd_value ?? 0)) || 1;
    const width = d3.scaleSqrt([0, most], [1.2, state.down ? 4.5 : 6]);
    const ends = captionEnds(this.edges, state.cells);
    const marked = new Set(state.marked.map(([from, to]) => `${from}>${to}`));
    const isMarked = (edge) => edge.flows.some((flow) => marked.has(`${flow.sender}>${flow.receiver}`));
    this.routes = new Map(this.edges.map((edge) => [edge.id, this.router.way(state.cells[edge.source], state.cells[edge.target], ends.get(edge.id).end)]));
    const groups = this.view.select(".edges").selectAll("g.edge").data(this.edges, (edge) => edge.id).join((enter) => {
      const made = enter.append("g");
      made.append("path").attr("class", "line");
      made.append("path").attr("class", "hit");
      made.append("text").attr("class", "caption");
      made.append("title");
      return made.on("click", (event, edge) => this.on.edge(edge));
    });
    groups.attr("class", (edge) => `edge of-${edge.kind}${isMarked(edge) ? " marked" : ""}${edge.id === selected ? " selected" : ""}${[edge.source, edge.target].includes(selected) ? " near" : ""}`)
      .attr("data-id", (edge) => edge.id);
    const d = (edge) => asPath(this.routes.get(edge.id), state.down);
    groups.select(".line").attr("d", d).attr("stroke-width", (edge) => edge.kind === "more" ? 1.2 : width(Number(edge.usd_value ?? 0)).toFixed(1));
    groups.select(".hit").attr("d", d);
    groups.select("title").text((edge) => `${nameOf(this.item(edge.source))} → ${nameOf(this.item(edge.target))}: ${plural(edge.transfers, "transfer")}, ${dollars(edge.usd_value)} ${days(edge.first, edge.last)}`);
    const room = this.router.gutter - 56;
    groups.select(".caption").attr("font-size", CAPTION).each((edge, place, nodes) => {
      const { end, isLeft, shown } = ends.get(edge.id);
      const node = d3.select(nodes[place]).text("");
      if (!shown || state.size !== 0 || state.cells[edge.source][0] === state.cells[edge.target][0]) return;
      const text = caption(edge, titles, state.numbered);
      const [along, across] = end === "target" ? this.routes.get(edge.id).at(-1).at(-1) : this.routes.get(edge.id)[0][1];
      const [x, y] = [along + (isLeft ? -12 : 12), across - 4 - width(Number(edge.usd_value ?? 0)) / 2];
      const brief = widthOf(text, CAPTION) <= room ? text : cut(text, room, CAPTION);
      const long = widthOf(brief, CAPTION);
      const rectangle = { left: isLeft ? x - long : x, right: isLeft ? x : x + long, top: y - CAPTION - 1, bottom: y + 3 };
      if (this.edges.some((other) => other.id !== edge.id && runsThrough(this.routes.get(other.id), rectangle))) return;
      node.attr("x", x).attr("y", y).attr("text-anchor", isLeft ? "end" : "start").text(brief);
    });
  }

  item(id) { return this.items.find((item) => item.id === id); }

  node(id) { return this.view.select(".items").selectAll("g.item").filter((item) => item.id === id).node(); }

  isLeftOf(event, item) {
    const box = this.node(item.id).getBoundingClientRect();
    return this.state.down ? event.clientY < box.y + box.height / 2 : event.clientX < box.x + box.width / 2;
  }

  dragging() {
    let from, moved;
    return d3.drag().clickDistance(DRAG_LEAST)
      .on("start", (event, item) => { from = this.place(item.id); moved = false; })
      .on("drag", (event, item) => {
        moved ||= Math.hypot(event.x - event.subject.x, event.y - event.subject.y) > DRAG_LEAST;
        if (moved) d3.select(this.node(item.id)).raise().attr("transform", `translate(${from[0] + event.x - event.subject.x},${from[1] + event.y - event.subject.y})`);
      })
      .on("end", (event, item) => { if (moved) this.on.dropped(item, this.cellAt(from[0] + event.x - event.subject.x, from[1] + event.y - event.subject.y)); })
      .subject((event) => ({ x: event.x, y: event.y }));
  }

  cellAt(x, y) {
    const [along, across] = this.state.down ? [y, x] : [x, y];
    return [Math.round(along / this.router.pitch), Math.round(across / sizes(this.state).across.pitch)];
  }

  // The free cell that is nearest to the wanted one, without the item's own.
  free(id, [column, row]) {
    return freeCell(new Set(this.items.filter((item) => item.id !== id).map((item) => this.state.cells[item.id].slice(0, 2).join())), column, row);
  }

  fit() {
    const { width, height } = this.canvas();
    const box = this.extent();
    const zoom = Math.min((width - 2 * MARGIN) / box.width, (height - 2 * MARGIN) / box.height, 1.25);
    const shift = [width / 2 - zoom * (box.x + box.width / 2), height / 2 - zoom * (box.y + box.height / 2)];
    this.svg.call(this.zoom.transform, d3.zoomIdentity.translate(...shift).scale(zoom));
    this.isFitted = true;
  }

  // What is drawn when nothing moves any more, in the drawing's own units.
  extent() {
    const [half, tall] = [this.box.width / 2, this.box.height / 2];
    const points = this.items.flatMap((item) => { const [x, y] = this.place(item.id); return [[x - half, y - tall], [x + half, y + tall]]; });
    for (const way of this.routes.values()) for (const [, ...all] of way) for (const [along, across] of all) points.push(this.state.down ? [across, along] : [along, across]);
    const [x0, x1] = d3.extent(points, ([x]) => x), [y0, y1] = d3.extent(points, ([, y]) => y);
    return { x: x0 - 4, y: y0 - 4, width: x1 - x0 + 8, height: y1 - y0 + 8 };
  }
}
