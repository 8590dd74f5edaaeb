// What stands beside the picture: a wallet, an edge with its transfers, and how to read the picture.
"use strict";
import { transfersOf } from "./data.js";
import { button, element, level, moment, row, table } from "./dom.js";
import { days, dollars, nameOf, plural, short } from "./items.js";

export class Panel {
  constructor(root, on) {
    Object.assign(this, { root, on, content: root.querySelector("#panel-content") });
    root.querySelector("#close-panel").addEventListener("click", () => { this.close(); on.closed(); });
    root.addEventListener("keydown", (event) => { if (event.key === "Escape") { this.close(); on.closed(); } });
  }

  close() { this.root.hidden = true; this.about = null; this.on.sized(); }

  show(about, title, ...children) {
    this.about = about;
    const wasHidden = this.root.hidden;
    this.root.hidden = false;
    this.content.replaceChildren(element("h2", {}, title), ...children.filter(Boolean));
    this.root.scrollTop = 0;
    if (wasHidden) this.on.sized();
  }

  wallet(item, context) {
    const { state, edges, items, titles } = context;
    const { address, name_source: source } = item.wallet;
    const page = `/wallets/${encodeURIComponent(`${state.chain}:${address}`)}`;
    const byId = new Map(items.map((each) => [each.id, each]));
    const near = edges.filter((edge) => [edge.source, edge.target].includes(item.id) && edge.kind === "flow");
    this.show(item.id, nameOf(item),
      element("p", {}, element("code", { class: "address-text" }, address)),
      element("p", {}, level(item.risk_level), item.category ? ` ${item.category.replaceAll("_", " ")}` : "", item.wallet.name && source ? element("span", { class: "fine" }, ` says ${source}`) : null),
      item.flags.length ? element("p", { class: "fine" }, item.flags.map((flag) => flag.replaceAll("_", " ")).join(", ")) : null,
      item.owner ? element("p", {}, `Owner: ${item.owner}. `, element("span", { class: "fine" }, item.owner_evidence === "name" ? "By its name." : `It forwards nearly all that it receives to ${short(item.owner_evidence)}.`)) : null,
      element("p", { class: "actions" }, element("a", { href: page }, "Wallet's page"), element("a", { href: `${page}/questions` }, "Questions"), element("a", { href: `/explore/${encodeURIComponent(`${state.chain}:${address}`)}` }, "Explore from here")),
      this.note(state, item.id, `Note on ${nameOf(item)}`),
      element("h3", {}, plural(near.length, "shown flow")),
      element("ul", { class: "plain" }, ...near.map((edge) => element("li", {}, button(`${edge.source === item.id ? "→" : "←"} ${nameOf(byId.get(edge.source === item.id ? edge.target : edge.source))}: ${edge.flows.map((flow) => `${flow.units} ${titles.get(flow.asset)}`).slice(0, 2).join(", ")}, ${dollars(edge.usd_value)}`, () => this.on.edge(edge), { class: "small as-text" })))));
  }

  owner(item, { state }) {
    this.show(item.id, `${item.owner}: ${item.members.length} wallets`,
      element("p", {}, button("Open the group", () => this.on.opened(item.owner))),
      this.note(state, item.id, `Note on ${item.owner}`),
      element("ul", { class: "plain" }, ...item.members.map((each) => element("li", {}, element("a", { href: `/wallets/${encodeURIComponent(String(`${state.chain}:${each.wallet.address}`))}` }, each.wallet.name ?? short(each.wallet.address)), " ", element("code", {}, short(each.wallet.address)), element("span", { class: "fine" }, each.owner_evidence === "name" ? "" : ` forwards to ${short(each.owner_evidence)}`)))));
  }

  edge(edge, { state, items, titles }) {
    const byId = new Map(items.map((each) => [each.id, each]));
    const flows = edge.flows.map((flow) => row(titles.get(flow.asset), [flow.units, "right"], [dollars(flow.usd_value), "right"], [String(flow.transfers), "right"], days(flow.first_transfer_at, flow.last_transfer_at)));
    const list = element("div", {}, element("p", { class: "fine" }, "Loading its transfers …"));
    this.show(edge.id, `${nameOf(byId.get(edge.source))} → ${nameOf(byId.get(edge.target))}`,
      element("p", {}, `${plural(edge.transfers, "transfer")}, ${dollars(edge.usd_value)} at the time.`),
      table("Sums by asset", [["Asset"], ["Amount", true], ["USD", true], ["Transfers", true], ["When"]], flows), element("h3", {}, "Transfers, latest first"), list);
    this.transfers(edge, state, titles, list);
  }

  async transfers(edge, state, titles, list) {
    const rows = [];
    const waiting = edge.flows.map((flow) => [flow, undefined]);
    const more = async () => {
      const [flow, cursor] = waiting.shift();
      const answer = await transfersOf(state, flow, cursor);
      const known = new Map(answer.asset_names.map((each) => [each.asset, each.title]));
      if (answer.next) waiting.unshift([flow, answer.next]);
      for (const each of answer.transfers) {
        rows.push(row(moment(each.occurred_at), [unitsOf(each), "right"], known.get(each.asset) ?? titles.get(each.asset), [dollars(each.usd_value), "right"],
          element("a", { href: `/transactions/${encodeURIComponent(each.transaction_hash)}`, class: "mono", title: each.transaction_hash }, short(each.transaction_hash))));
      }
      if (this.about !== edge.id) return;
      list.replaceChildren(table("Transfers", [["Time (UTC)"], ["Amount", true], ["Asset"], ["USD", true], ["Transaction"]], rows),
        ...(waiting.length ? [button("Show more", more)] : []));
    };
    try {
      while (waiting.length && rows.length < 10) await more();
    } catch (error) {
      list.replaceChildren(element("p", { class: "fault" }, error.message));
    }
  }

  note(state, id, text) {
    const area = element("textarea", { rows: "2", maxlength: "1000", id: "note", change: (event) => this.on.noted(id, event.target.value) });
    area.value = state.notes[id] ?? "";
    return element("div", { class: "field" }, element("label", { for: "note" }, text), area);
  }

  help({ state, picture, looks }) {
    const keys = [["Enter", "menu of the wallet"], ["arrows", "to the next wallet"], ["s, r", "show senders, receivers"], ["c", "collapse"], ["p", "path from here"], ["d", "details and transfers"], ["n", "note"], ["f", "pin or free"], ["Alt + arrows", "move and pin"], ["Delete", "hide"], ["o", "open or close the owner's group"], ["0, +, −", "show all, larger, smaller"], ["Ctrl + Z, Ctrl + Y", "undo, redo"]];
    const svg = (name) => { const made = document.createElementNS("http://www.w3.org/2000/svg", "svg"); const path = document.createElementNS("http://www.w3.org/2000/svg", "path"); made.setAttribute("viewBox", "0 0 12 12"); made.setAttribute("width", "11"); made.setAttribute("height", "11"); made.setAttribute("class", "shape"); made.setAttribute("aria-hidden", "true"); path.setAttribute("d", looks[name].shape); made.append(path); return made; };
    const shown = [...new Set(picture.wallets.map((each) => each.category).filter((name) => looks[name]))];
    this.show("help", "Notes, key and keyboard", this.note(state, "", "Note on the picture"),
      element("p", { class: "fine" }, "Money flows from left to right, or downwards on a narrow screen. The bar and the frame of a box are its level by the published run, the sign its category; the width of an edge is its amount. Captions give amount, asset and first day."),
      element("p", { class: "levels-key" }, ...["severe", "high", "medium", "unrated", "low"].map((name) => level(name))),
      shown.length ? element("p", { class: "levels-key" }, ...shown.map((name) => element("span", { class: `category tier-${looks[name].tier}` }, svg(name), name.replaceAll("_", " ")))) : null,
      element("dl", { class: "keys" }, ...keys.flatMap(([key, does]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)])));
  }
}

function unitsOf({ amount, decimals }) {
  const digits = amount.padStart((decimals ?? 0) + 1, "0");
  const whole = decimals ? digits.slice(0, -decimals) : digits;
  const rest = decimals ? digits.slice(-decimals).replace(/0+$/, "") : "";
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? `.${rest}` : "");
}
