// What the page asks of the API.
"use strict";

async function answerOf(response) {
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? response.statusText);
  return answer;
}

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== ""));
  return answerOf(await fetch(`/v1${path}${query.size ? `?${query}` : ""}`));
}

export async function post(path, body) {
  return answerOf(await fetch(`/v1${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
}

const name = (chain, address) => encodeURIComponent(`${chain}:${address}`);
const kept = new Map(); // answers by request, so that undo and redo draw at once
const MAX_KEPT = 60;

export async function pictureOf(state) {
  const body = { chain: state.chain, shown: state.wallets, expanded: state.expanded.map(([address, way]) => ({ address, way })), ...state.filter };
  const key = JSON.stringify(body);
  if (!kept.has(key)) {
    kept.set(key, await post("/explore", body));
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(key);
}

export const neighboursOf = (state, address, way, limit) => post(`/explore/${name(state.chain, address)}`, { way, limit, shown: state.wallets, ...state.filter });

export const transfersOf = (state, flow, cursor) => get(`/wallets/${name(state.chain, flow.sender)}/transfers`, {
  way: "out", counterparty: flow.receiver, asset: flow.asset, from: state.filter.since, to: state.filter.until, least_usd: state.filter.least_usd, limit: 25, cursor });

export const search = (text, chain) => get("/search", { q: text, chain, limit: 12 });

// Paths that money can have taken, with the part that arrives; where there is none, transfers that follow one another in time.
export async function pathsTo(state, from, to) {
  const wallet = `${state.chain}:${from}`;
  if (to.category) return post("/questions/17", { wallet, parameters: { category: to.category, through_labels: true, row_limit: 10 } });
  const other = `${state.chain}:${to.address}`;
  const money = await post("/questions/03", { wallet, other, parameters: { through_labels: true, row_limit: 10 } });
  if (money.findings.length) return money;
  return post("/questions/10", { wallet, other, parameters: { through_labels: true, same_asset: false, row_limit: 10 } });
}
