// The same as the picture as tables, for whoever reads better than looks.
"use strict";
import { button, element, level, row } from "./dom.js";
import { days, dollars, nameOf, plural, short } from "./items.js";

export function fillTable(explorer) {
  const { state, items, edges, titles } = explorer;
  const named = new Map(items.map((item) => [item.id, nameOf(item)]));
  const wallets = items.flatMap((item) => item.kind === "owner" ? item.members : item.kind === "wallet" ? [item] : []);
  document.querySelector("#wallets tbody").replaceChildren(...wallets.map((each) => {
    const { address, name } = each.wallet;
    const made = row(element("a", { href: `/wallets/${encodeURIComponent(`${state.chain}:${address}`)}`, title: address }, name ?? short(address)),
      element("code", {}, short(address)), (each.category ?? "–").replaceAll("_", " "), level(each.risk_level), each.owner ?? "–", [each.senders, "right"], [each.receivers, "right"]);
    made.dataset.address = address;
    return made;
  }));
  document.querySelector("#flows tbody").replaceChildren(...edges.filter((edge) => edge.kind === "flow").map((edge) => row([String(edge.order), "right"], named.get(edge.source), named.get(edge.target),
    [edge.flows.map((flow) => `${flow.units} ${titles.get(flow.asset)}`).join(", "), "right"], [dollars(edge.usd_value), "right"], [String(edge.transfers), "right"], days(edge.first, edge.last),
    button("Transfers", () => explorer.openEdge(edge), { "aria-label": `Transfers from ${named.get(edge.source)} to ${named.get(edge.target)}` }))));
  const left = items.filter((item) => item.kind === "more");
  document.getElementById("not-shown").replaceChildren(...(left.length ? left.map((item) => element("li", {},
    `${plural(item.wallets, item.way === "in" ? "more sender" : "more receiver")} of ${named.get(item.address) ?? short(item.address)}: ${plural(item.transfers, "transfer")}, ${dollars(item.usd_value)} at the time. `,
    button("Show more", () => explorer.openMenu(item), { "aria-label": `Show more ${item.way === "in" ? "senders" : "receivers"} of ${named.get(item.address) ?? short(item.address)}` })))
    : [element("li", {}, "Every neighbour of the expanded wallets is shown.")]));
  document.getElementById("table-summary").textContent = `As tables: ${plural(wallets.length, "wallet")}, ${plural(edges.filter((edge) => edge.kind === "flow").length, "flow")}, ${left.length} not shown`;
}
