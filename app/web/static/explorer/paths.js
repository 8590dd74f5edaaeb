// The form that finds a path: from a wallet to another one, named by address or name, or to a category.
"use strict";
import { pathsTo, search } from "./data.js";
import { button, element } from "./dom.js";
import { dollars, plural, short } from "./items.js";

export function pathForm({ state, looks }, from, fromName, { onFound, onStatus }) {
  const to = element("input", { id: "path-to", type: "search", autocomplete: "off", spellcheck: "false", maxlength: "200", placeholder: "Name, address or category" });
  const answers = element("div", { id: "path-answers", role: "group", "aria-label": "Paths found" });
  const choose = (text, target) => button(text, () => find(target));
  async function find(target) {
    answers.replaceChildren(element("p", { class: "fine" }, "Searching …"));
    try {
      const answer = await pathsTo(state, from, target);
      if (!answer.findings.length) {
        answers.replaceChildren(element("p", {}, `No path of ${plural(answer.parameters.hop_limit, "transfer")} or fewer leads from ${fromName} to ${target.title}, neither by the money in its pools nor in the order of time.`));
        return;
      }
      const isMoney = answer.question_number !== "10";
      answers.replaceChildren(
        element("p", { class: "fine" }, isMoney ? "Money can have taken these; the share is the part of all that the wallet sent of the asset." : "No money can be followed there, but these transfers come one after the other in time."),
        element("ol", { class: "plain" }, ...answer.findings.map((finding) => element("li", {}, line(finding), " ", button("Show", () => onFound([finding], line(finding)))))),
        ...(answer.findings.length > 1 ? [button(`Show all ${answer.findings.length}`, () => onFound(answer.findings, plural(answer.findings.length, "path")))] : []));
      await onFound(answer.findings.slice(0, 1), line(answer.findings[0]));
    } catch (error) {
      answers.replaceChildren(element("p", { class: "fault" }, error.message));
    }
  }
  async function submit(event) {
    event.preventDefault();
    const text = to.value.trim();
    if (!text) return;
    const category = Object.keys(looks).find((name) => name.replaceAll("_", " ") === text.toLowerCase() || name === text.toLowerCase());
    if (category) return find({ category, title: category });
    try {
      const found = (await search(text, state.chain)).results.filter((each) => each.wallet && each.wallet.chain === state.chain && each.wallet.address !== from);
      const targets = found.map((each) => ({ address: each.wallet.address, title: each.wallet.name ?? short(each.wallet.address) }));
      if (targets.length === 1) return find(targets[0]);
      answers.replaceChildren(element("p", {}, targets.length ? "Which of these?" : `No wallet on ${state.chain} is called or begins like this.`),
        element("ul", { class: "plain" }, ...targets.map((each) => element("li", {}, choose(`${each.title} ${short(each.address)}`, each)))));
    } catch (error) {
      answers.replaceChildren(element("p", { class: "fault" }, error.message));
    }
  }
  const form = element("form", { class: "stack", submit }, element("div", { class: "field" }, element("label", { for: "path-to" }, `Path from ${fromName} to`), to),
    element("p", {}, element("button", { class: "primary" }, "Find")), answers);
  return { form, focus: () => to.focus() };
}

function line(finding) {
  const { share, hops, usd_value: usd, through } = finding.values;
  const part = share === undefined ? "" : `${share >= 0.0001 ? (share * 100).toFixed(2) : (share * 100).toExponential(1)} %, `;
  return `${part}${plural(hops, "transfer")}, ${dollars(usd ?? null)}${through?.length ? `, through ${through.join(", ")}` : ""}`;
}
