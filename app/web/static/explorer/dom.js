// Elements with their texts; nothing is ever read as HTML.
"use strict";

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const button = (text, act, attributes = {}) => element("button", { type: "button", class: "small", ...attributes, click: act }, text);

export const level = (name) => element("span", { class: `level ${name ?? "none"}` }, name ?? "not scored");

export const moment = (text) => element("time", { datetime: text }, text.slice(0, 19).replace("T", " "));

export function table(caption, heads, rows) {
  const head = element("tr", {}, ...heads.map(([text, isNumber]) => element("th", { scope: "col", class: isNumber ? "right" : null }, text)));
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    element("table", {}, element("caption", { class: "hidden" }, caption), element("thead", {}, head), element("tbody", {}, ...rows)));
}

export const row = (...cells) => element("tr", {}, ...cells.map((cell) => Array.isArray(cell) ? element("td", { class: cell[1] }, cell[0]) : element("td", {}, cell)));
