// From wallets and flows to what is drawn: owners with several wallets are one item, flows between two items one edge. Pure.
"use strict";

export const short = (address) => address.length > 13 ? `${address.slice(0, 6)}…${address.slice(-4)}` : address;
export const dollars = (value) => value === null ? "no price" : `$${Number(value).toLocaleString("en", { maximumFractionDigits: Number(value) < 10 ? 2 : 0 })}`;
export const plural = (count, one) => `${Number(count).toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
const day = (moment) => moment.slice(0, 10);
export const days = (first, last) => first === null ? "" : day(first) === day(last) ? day(first) : `${day(first)} – ${day(last)}`;

export function itemsOf(state, picture) {
  const alone = new Set([state.root, ...state.marked.flat()]); // the wallets of a path are shown one by one
  const owners = d3.group(picture.wallets.filter((each) => each.owner && !alone.has(each.wallet.address)), (each) => each.owner);
  const itemOf = new Map(); // address -> id of its item
  const items = [];
  for (const each of picture.wallets) {
    const address = each.wallet.address;
    const members = each.owner ? owners.get(each.owner) ?? [] : [];
    if (!alone.has(address) && members.length > 1 && !state.opened.includes(each.owner)) {
      const id = `owner:${each.owner}`;
      itemOf.set(address, id);
      if (members[0] === each) items.push({ id, kind: "owner", owner: each.owner, members, ...worst(members) });
    } else {
      itemOf.set(address, address);
      items.push({ ...each, id: address, kind: "wallet" });
    }
  }
  const edges = edgesOf(picture, itemOf);
  for (const each of picture.not_shown) {
    const id = `more:${each.way}:${each.address}`;
    const at = itemOf.get(each.address);
    if (at === undefined || at.startsWith("owner:")) continue;
    items.push({ ...each, id, kind: "more" });
    const [source, target] = each.way === "in" ? [id, at] : [at, id];
    edges.push({ id: `${source}>${target}`, source, target, kind: "more", usd_value: each.usd_value, transfers: each.transfers, flows: [], first: null, last: null });
  }
  return { items, edges, itemOf };
}

const LEVELS = ["severe", "high", "medium", "unrated", "low"];
function worst(members) {
  const level = LEVELS.find((each) => members.some((member) => member.risk_level === each)) ?? null;
  return { risk_level: level, category: members.find((member) => member.category)?.category ?? null };
}

function edgesOf(picture, itemOf) {
  const edges = new Map();
  for (const flow of picture.flows) {
    const [source, target] = [itemOf.get(flow.sender), itemOf.get(flow.receiver)];
    if (source === target || flow.transfers === 0) continue;
    const id = `${source}>${target}`;
    const edge = edges.get(id) ?? { id, source, target, kind: "flow", usd_value: null, transfers: 0, flows: [], first: null, last: null };
    edges.set(id, edge);
    edge.flows.push(flow);
    edge.transfers += flow.transfers;
    if (flow.usd_value !== null) edge.usd_value = String(Number(edge.usd_value ?? 0) + Number(flow.usd_value));
    edge.first = edge.first === null || flow.first_transfer_at < edge.first ? flow.first_transfer_at : edge.first;
    edge.last = edge.last === null || flow.last_transfer_at > edge.last ? flow.last_transfer_at : edge.last;
  }
  const ordered = [...edges.values()].sort((a, b) => a.first.localeCompare(b.first) || a.id.localeCompare(b.id));
  ordered.forEach((edge, place) => { edge.order = place + 1; });
  return ordered;
}

// One short text on an edge: amount, asset, date.
export function caption(edge, titles, numbered) {
  if (edge.kind === "more") return `${plural(edge.transfers, "transfer")}, ${dollars(edge.usd_value)}`;
  const assets = new Set(edge.flows.map((flow) => flow.asset));
  const amount = edge.flows.length === 1 ? `${edge.flows[0].units} ${titles.get(edge.flows[0].asset) ?? "?"}`
    : assets.size === 1 ? `${dollars(edge.usd_value)} ${titles.get([...assets][0]) ?? "?"}` : `${dollars(edge.usd_value)} ${assets.size} assets`;
  return `${numbered ? `${edge.order}. ` : ""}${amount} ${day(edge.first)}`;
}

export const nameOf = (item) => item.kind === "more" ? `${plural(item.wallets, "wallet")} more`
  : item.kind === "owner" ? item.owner : item.wallet.name ?? short(item.wallet.address);

// Cells that hold nothing of the picture any more, such as those of a group that was opened, are forgotten.
export const cellsOf = (cells, items) => Object.fromEntries(items.filter((item) => cells[item.id]).map((item) => [item.id, cells[item.id]]));
