// The explorer: puts state, picture, panel and menu together. Every change becomes an address, which draws the same again.
"use strict";
import * as changes from "./changes.js";
import { pictureOf } from "./data.js";
import { Drawing } from "./draw.js";
import { exportAs } from "./export.js";
import { filterForm } from "./filters.js";
import { Steps } from "./history.js";
import { itemsOf, nameOf, plural } from "./items.js";
import { handleKey } from "./keys.js";
import { arrange } from "./lattice.js";
import { Menu } from "./menu.js";
import { Panel } from "./panel.js";
import { pathForm } from "./paths.js";
import { newState } from "./state.js";
import { fillTable } from "./table.js";

const root = document.getElementById("explorer");
const byId = (id) => document.getElementById(id);
const looks = JSON.parse(root.dataset.looks);
const FIRST = 6, MORE = 24, AT_ONCE = 12;
const PANELS = ["help", "path", "filters"];

class Explorer {
  constructor() {
    this.selected = null;
    this.menu = new Menu(byId("menu"));
    this.steps = new Steps((picture, message) => this.restore(picture, message), (error) => this.say(`This link cannot be read: ${error.message}`));
    this.drawing = new Drawing(byId("drawing"), looks, {
      item: (item) => this.openMenu(item), twice: (item, isLeft) => this.twice(item, isLeft), edge: (edge) => this.openEdge(edge),
      background: () => { this.menu.close(); this.select(null); }, dropped: (item, cell) => this.move(item, cell), moved: () => this.menu.close(),
    });
    this.panel = new Panel(byId("panel"), {
      edge: (edge) => this.openEdge(edge), noted: (id, text) => this.change((state) => changes.noted(state, id, text), "The note is kept in the address of the page."),
      opened: (owner) => this.toggleOwner(owner), closed: () => this.focus(), sized: () => { if (this.drawing.isFitted) this.drawing.fit(); },
    });
    const press = { undo: () => history.back(), redo: () => history.forward(), fit: () => this.drawing.fit(), arrange: () => this.arrangeAnew(), path: () => this.openPath(this.item(this.selected)?.kind === "wallet" ? this.selected : this.state.root),
      filters: () => this.openFilters(), help: () => this.panel.help(this), numbered: () => this.change((state) => ({ ...state, numbered: !state.numbered }), this.state.numbered ? "Edges have no numbers." : "Edges are numbered in the order of their first transfers.") };
    for (const [id, act] of Object.entries(press)) byId(id).addEventListener("click", act);
    byId("export").addEventListener("click", (event) => this.menu.open("Export", ["png", "svg", "csv", "json"].map((form) => [form.toUpperCase(), "", () => this.export(form)]), { x: event.target.getBoundingClientRect().left, y: 0 }, event.target));
    byId("drawing").addEventListener("keydown", (event) => handleKey(this, event));
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea, select")) return;
      const isRedo = event.key.toLowerCase() === "y" || (event.key.toLowerCase() === "z" && event.shiftKey);
      if (isRedo ? this.steps.canRedo : event.key.toLowerCase() === "z" && this.steps.canUndo) { event.preventDefault(); history[isRedo ? "forward" : "back"](); }
    });
    addEventListener("resize", () => { clearTimeout(this.resizing); this.resizing = setTimeout(() => this.drawing.state && this.drawing.fit(), 150); });
  }

  async start() {
    let given = null, fault = "";
    try { given = await Steps.fromAddress(); } catch (error) { fault = "The link could not be read, so the exploration begins anew. "; console.warn(error); }
    if (given) return this.restore(given, "The picture of the link.");
    let first = newState(root.dataset.chain, root.dataset.address);
    return this.inTurn("Loading …", async () => {
      for (const way of ["in", "out"]) if (root.dataset[way === "in" ? "senders" : "receivers"] !== "0") [first] = await changes.expanded(first, first.root, way, FIRST);
      await this.show(first, { anew: true });
      await this.steps.record(this.state, "", true);
      this.say(`${fault}${plural(this.state.wallets.length, "wallet")}. Click a wallet, or press Enter on it, for what can be done with it.`);
    });
  }

  // Draws a state: asks for its numbers, and for cells where some are missing.
  async show(next, { anew = false, still = false, keepsView = false } = {}) {
    const picture = await pictureOf(next);
    const known = new Set(picture.wallets.map((each) => each.wallet.address));
    let state = { ...next, wallets: next.wallets.filter((address) => known.has(address)) };
    let view = itemsOf(state, picture);
    if (anew || view.items.some((item) => !state.cells[item.id])) {
      state = { ...state, ...arrange(state, view.items, view.edges, this.drawing.canvas()) };
      view = itemsOf(state, picture);
    }
    const near = new Set(view.edges.flatMap((edge) => [edge.source, edge.target]));
    const isFiltered = Object.keys(state.filter).length > 0;
    for (const item of view.items) item.isFaded = isFiltered && !near.has(item.id) && item.id !== state.root;
    Object.assign(this, { state, picture, ...view, looks, titles: new Map(picture.asset_names.map((each) => [each.asset, each.title])) });
    if (!this.item(this.selected) && !this.edges.some((edge) => edge.id === this.selected)) this.selected = null;
    this.render(still);
    if (!keepsView) this.drawing.fit();
  }

  render(still = false) {
    this.drawing.render(this.state, this, { titles: this.titles, selected: this.selected, still });
    fillTable(this);
    byId("undo").disabled = !this.steps.canUndo;
    byId("redo").disabled = !this.steps.canRedo;
    byId("numbered").setAttribute("aria-pressed", String(this.state.numbered));
    byId("filters").textContent = Object.keys(this.state.filter).length ? `Filters (${Object.keys(this.state.filter).length})` : "Filters";
  }

  // `step` makes the next state of the one that there is when its turn comes; it may return [state, message].
  async change(step, message, options = {}) {
    return this.inTurn(options.begins, async () => {
      const made = await step(this.state);
      const [next, said] = Array.isArray(made) ? made : [made, message];
      await this.show(next, { keepsView: !options.anew, ...options });
      await this.steps.record(this.state, said);
      this.render(options.still);
      if (said) this.say(said);
    });
  }

  async restore(given, message) {
    if (given === null) return this.start();
    return this.inTurn(null, async () => {
      await this.show(given, { still: true });
      if (history.state === null) await this.steps.record(this.state, message, true);
      this.render(true);
      if (this.panel.about && !PANELS.includes(this.panel.about) && !this.item(this.panel.about)) this.panel.close();
      this.say(message || "The picture as it was.");
    });
  }

  // One change after the other; what fails says why and leaves the picture as it is.
  inTurn(text, work) {
    const turn = async () => {
      root.setAttribute("aria-busy", "true");
      if (text) this.say(text);
      try { return await work(); } catch (error) { this.say(`That did not work: ${error.message}`); console.warn(error); return undefined; } finally { root.removeAttribute("aria-busy"); }
    };
    this.turn = (this.turn ?? Promise.resolve()).then(turn);
    return this.turn;
  }

  say(text) { byId("status").textContent = text; }
  item(id) { return this.items?.find((item) => item.id === id); }
  focus(id = this.selected ?? this.state.root) { this.drawing.node(id)?.focus({ preventScroll: true }); }

  select(id) {
    this.selected = id;
    this.drawing.render(this.state, this, { titles: this.titles, selected: id, still: true });
  }

  async expand(item, way, limit = AT_ONCE) {
    const word = way === "in" ? "senders" : "receivers";
    await this.change(async (state) => {
      const [next, answer] = await changes.expanded(state, item.wallet?.address ?? item.address, way, limit);
      return [next, `${plural(answer.neighbours.length, "more wallet")} shown, of ${answer.total} ${word}${answer.more ? `; ${answer.more.wallets} are summed up` : ""}.`];
    }, null, { anew: true, begins: `Loading the ${word} of ${nameOf(item)} …` });
    this.focus(item.id);
  }

  collapse(item) {
    return this.change((state) => {
      const next = changes.collapsed(state, item.id, this.picture.flows);
      const gone = state.wallets.length - next.wallets.length;
      return [next, `${plural(gone, "wallet")} that hung on ${nameOf(item)} alone ${gone === 1 ? "is" : "are"} hidden.`];
    }, null, { anew: true });
  }

  hide(item) {
    if (item.id === this.state.root) return this.say("The wallet that the exploration began with stays.");
    const gone = item.kind === "owner" ? item.members.map((each) => each.wallet.address) : [item.id];
    return this.change((state) => changes.hidden(state, gone), `${nameOf(item)} is hidden.`, { anew: true });
  }

  move(item, cell) {
    return this.change((state) => changes.pinned(state, item.id, this.drawing.free(item.id, cell)), `${nameOf(item)} is pinned there.`, { still: true });
  }

  pin(item) {
    const [column, row, isPinned] = this.state.cells[item.id];
    return this.change((state) => changes.pinned(state, item.id, [column, row], !isPinned), isPinned ? `${nameOf(item)} may be moved again when the picture is arranged.` : `${nameOf(item)} is pinned.`);
  }

  toggleOwner(owner) {
    const isOpen = this.state.opened.includes(owner);
    return this.change((state) => changes.opened(state, owner), isOpen ? `The wallets of ${owner} are one.` : `The wallets of ${owner} are shown one by one.`, { anew: true });
  }

  arrangeAnew() {
    return this.change((state) => ({ ...state, cells: Object.fromEntries(Object.entries(state.cells).filter(([, cell]) => cell[2])) }), "Arranged; what is pinned stays.", { anew: true });
  }

  twice(item, isLeft) {
    this.menu.close();
    if (item.kind === "owner") return this.toggleOwner(item.owner);
    if (item.kind !== "wallet") return undefined;
    const way = isLeft ? "in" : "out";
    return this.state.expanded.some(([address, side]) => address === item.id && side === way) ? this.collapse(item) : this.expand(item, way);
  }

  openMenu(item) {
    if (item.kind === "more") return this.expand(item, item.way, MORE);
    this.select(item.id);
    const node = this.drawing.node(item.id);
    const { left, bottom } = node.getBoundingClientRect();
    return this.menu.open(nameOf(item), this.actions(item), { x: left, y: bottom + 2 }, node);
  }

  actions(item) {
    const owner = item.owner && this.state.wallets.length > 1 ? [[item.kind === "owner" || !this.state.opened.includes(item.owner) ? `Open the group of ${item.owner}` : `Close the group of ${item.owner}`, "o", () => this.toggleOwner(item.owner)]] : [];
    if (item.kind === "owner") return [...owner, ["Its wallets and a note", "d", () => this.openDetails(item)], ["Hide", "Delete", () => this.hide(item)]];
    return [
      [`Show senders (${item.senders})`, "s", item.senders === "0" ? null : () => this.expand(item, "in")],
      [`Show receivers (${item.receivers})`, "r", item.receivers === "0" ? null : () => this.expand(item, "out")],
      ["Collapse what hangs on it", "c", () => this.collapse(item)],
      ["Path from here …", "p", () => this.openPath(item.id)],
      ["Details and transfers", "d", () => this.openDetails(item)],
      ["Note …", "n", () => this.openDetails(item, true)],
      [this.state.cells[item.id][2] ? "Free it" : "Pin it", "f", () => this.pin(item)],
      ...(this.state.opened.includes(item.owner) ? owner : []),
      ["Hide", "Delete", item.id === this.state.root ? null : () => this.hide(item)],
    ];
  }

  openDetails(item, isNote = false) {
    this.select(item.id);
    if (item.kind === "owner") this.panel.owner(item, this); else this.panel.wallet(item, this);
    (isNote ? byId("note") : byId("close-panel")).focus();
  }

  openEdge(edge) {
    if (edge.kind === "more") return this.openMenu(this.item(edge.source.startsWith("more:") ? edge.source : edge.target));
    this.select(edge.id);
    this.panel.edge(edge, this);
    return byId("close-panel").focus();
  }

  openPath(from) {
    const { form, focus } = pathForm(this, from, nameOf(this.item(from) ?? this.item(this.state.root)), {
      onFound: (findings, line) => this.change((state) => changes.withPaths(state, findings), `Shown: ${line}.`, { anew: true }) });
    this.panel.show("path", "Path", form);
    focus();
  }

  openFilters() {
    this.panel.show("filters", "Filters", filterForm(this, (filter, isFinal) => {
      if (!isFinal) return this.inTurn(null, () => this.show(changes.filtered(this.state, filter), { keepsView: true, still: true }));
      return this.change((state) => changes.filtered(state, filter), null, { still: true }).then(() => {
        const left = this.picture.flows.filter((flow) => !flow.transfers).length;
        this.say(left ? `${plural(left, "flow")} of ${this.picture.flows.length} ${left === 1 ? "is" : "are"} left out by the filters.` : "Nothing is left out by the filters.");
      });
    }));
    byId("filter-asset").focus();
  }

  export(form) {
    return this.inTurn(null, async () => {
      await exportAs(form, { ...this, drawing: this.drawing, link: location.href });
      this.say(`Saved as ${form.toUpperCase()}.`);
    });
  }
}

const explorer = new Explorer();
root.explorer = explorer; // tests read the positions from it
explorer.start().then(() => root.setAttribute("data-ready", ""));
