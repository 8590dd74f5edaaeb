// What an investigator may do to a picture: each takes a state and returns the next one. Pure but for what the API says.
"use strict";
import { neighboursOf } from "./data.js";

export const MAX_WALLETS = 500;
const without = (list, ...gone) => list.filter((each) => !gone.includes(each));

export function withWallets(state, addresses) {
  const added = [...new Set(addresses)].filter((address) => !state.wallets.includes(address));
  if (state.wallets.length + added.length > MAX_WALLETS) throw new Error(`A picture has ${MAX_WALLETS} wallets at most: hide or collapse some.`);
  return { ...state, wallets: [...state.wallets, ...added] };
}

export async function expanded(state, address, way, limit) {
  const answer = await neighboursOf(state, address, way, Math.min(limit, MAX_WALLETS - state.wallets.length, 200));
  const next = withWallets(state, answer.neighbours.map((each) => each.wallet.address));
  const known = state.expanded.some(([each, side]) => each === address && side === way);
  return [{ ...next, expanded: known ? state.expanded : [...state.expanded, [address, way]] }, answer];
}

export function hidden(state, addresses) {
  const gone = addresses.filter((address) => address !== state.root);
  return { ...state, wallets: without(state.wallets, ...gone), expanded: state.expanded.filter(([address]) => !gone.includes(address)),
    marked: state.marked.filter((ends) => !ends.some((end) => gone.includes(end))) };
}

// Hides what hangs on this wallet alone, and then what that leaves unconnected; what is pinned, noted or on a path stays.
export function collapsed(state, address, flows) {
  const stays = (each) => each === state.root || each === address || state.cells[each]?.[2] || state.notes[each] || state.marked.some((ends) => ends.includes(each));
  const near = new Map(state.wallets.map((each) => [each, new Set()]));
  for (const { sender, receiver } of flows) { near.get(sender)?.add(receiver); near.get(receiver)?.add(sender); }
  const reached = new Set([state.root]);
  const walk = (from) => { for (const next of near.get(from) ?? []) if (!reached.has(next)) { reached.add(next); if (next !== address) walk(next); } };
  if (address !== state.root) walk(state.root);
  const gone = address === state.root ? [...near.get(address)].filter((each) => near.get(each).size === 1) : state.wallets.filter((each) => !reached.has(each));
  return { ...hidden(state, gone.filter((each) => !stays(each))), expanded: state.expanded.filter(([each]) => each !== address && !gone.includes(each)) };
}

export const pinned = (state, id, cell, isPinned = true) => ({ ...state, cells: { ...state.cells, [id]: [...cell, isPinned ? 1 : 0] } });

export function noted(state, id, text) {
  const { [id]: _, ...notes } = state.notes;
  return { ...state, notes: text.trim() ? { ...notes, [id]: text.trim().slice(0, 1_000) } : notes };
}

export const opened = (state, owner) => ({ ...state, opened: state.opened.includes(owner) ? without(state.opened, owner) : [...state.opened, owner] });

export function filtered(state, filter) {
  return { ...state, filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null && value !== "")) };
}

export function withPaths(state, findings) {
  const steps = findings.flatMap((finding) => finding.transfers);
  const next = withWallets(state, steps.flatMap((step) => [step.sender, step.receiver]));
  const marked = new Map([...state.marked, ...steps.map((step) => [step.sender, step.receiver])].map((ends) => [ends.join(">"), ends]));
  return { ...next, marked: [...marked.values()] };
}
