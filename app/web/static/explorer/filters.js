// The form of filters: asset, time by two sliders, least value.
"use strict";
import { button, element } from "./dom.js";

const STEPS = 1_000, WAIT_MILLISECONDS = 150;

export function filterForm({ state, picture }, onFilter) {
  const [begin, end] = [picture.first_transfer_at, picture.last_transfer_at].map((text) => text === null ? 0 : Date.parse(text));
  const span = Math.max(end - begin, 1);
  const at = (step) => new Date(begin + span * step / STEPS).toISOString().replace(/\.\d+Z$/, "Z");
  const step = (text, otherwise) => text === undefined ? otherwise : Math.max(0, Math.min(STEPS, Math.round((Date.parse(text) - begin) / span * STEPS)));
  const slider = (id, label, value) => {
    const range = element("input", { type: "range", id, min: "0", max: String(STEPS), step: "1", value: String(value) });
    const output = element("output", { for: id }, at(value).slice(0, 10));
    range.addEventListener("input", () => { output.value = at(Number(range.value)).slice(0, 16).replace("T", " "); later(); });
    return { range, field: element("div", { class: "field" }, element("label", { for: id }, label), range, output) };
  };
  const asset = element("select", { id: "filter-asset" }, element("option", { value: "" }, "all assets"), ...picture.asset_names.map((each) => element("option", { value: each.asset, selected: each.asset === state.filter.asset }, each.title)));
  const least = element("input", { id: "filter-least", type: "number", min: "0", step: "any", inputmode: "decimal", value: state.filter.least_usd ?? "" });
  const since = slider("filter-since", "From", step(state.filter.since, 0)), until = slider("filter-until", "To", step(state.filter.until, STEPS));
  const filter = () => ({
    asset: asset.value || null, least_usd: least.value === "" ? null : String(Math.max(0, Number(least.value)).toFixed(2).replace(/\.00$/, "")),
    since: Number(since.range.value) === 0 ? null : at(Number(since.range.value)),
    until: Number(until.range.value) === STEPS ? null : at(Math.max(Number(until.range.value), Number(since.range.value))),
  });
  let timer;
  const now = (isFinal) => { clearTimeout(timer); onFilter(filter(), isFinal); };
  const later = () => { clearTimeout(timer); timer = setTimeout(() => now(false), WAIT_MILLISECONDS); };
  for (const field of [asset, least, since.range, until.range]) field.addEventListener("change", () => now(true));
  const form = element("form", { class: "stack", submit: (event) => { event.preventDefault(); now(true); } },
    element("div", { class: "field" }, element("label", { for: "filter-asset" }, "Asset"), asset), since.field, until.field,
    element("div", { class: "field" }, element("label", { for: "filter-least" }, "Transfers of at least, USD"), least),
    button("Clear", () => { asset.value = ""; least.value = ""; since.range.value = "0"; until.range.value = String(STEPS); for (const range of [since.range, until.range]) range.dispatchEvent(new Event("input")); now(true); }));
  return form;
}
