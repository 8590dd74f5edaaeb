// The picture as a file: SVG and PNG as they are drawn, CSV of what moved, JSON of the picture and all its numbers.
"use strict";

const DRAWN = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "paint-order", "stroke-linejoin", "display", "visibility"];
const PNG_SCALE = 2, MAX_PIXELS = 8_000;

function save(name, type, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// A drawing of its own: styles are written into it, since no style sheet comes with it.
function svgOf(drawing) {
  const source = drawing.svg.node();
  const { x, y, width, height } = drawing.extent();
  const copy = source.cloneNode(true);
  const [theirs, ours] = [source.querySelectorAll("*"), copy.querySelectorAll("*")];
  ours.forEach((element, place) => {
    const style = getComputedStyle(theirs[place]);
    for (const property of DRAWN) element.style.setProperty(property, style.getPropertyValue(property));
    for (const attribute of ["class", "tabindex", "role", "aria-label", "aria-haspopup"]) element.removeAttribute(attribute);
  });
  copy.querySelectorAll(`path[style*="stroke-opacity: 0;"]`).forEach((hit) => hit.remove());
  copy.querySelector("g").removeAttribute("transform");
  const margin = 16;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("viewBox", [x - margin, y - margin, width + 2 * margin, height + 2 * margin].join(" "));
  copy.setAttribute("width", width + 2 * margin);
  copy.setAttribute("height", height + 2 * margin);
  for (const attribute of ["class", "id", "role", "aria-label", "tabindex"]) copy.removeAttribute(attribute);
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin })) paper.setAttribute(name, value);
  paper.setAttribute("fill", getComputedStyle(source).backgroundColor);
  copy.prepend(paper);
  return { text: new XMLSerializer().serializeToString(copy), width: width + 2 * margin, height: height + 2 * margin };
}

async function pngOf(drawing) {
  const { text, width, height } = svgOf(drawing);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(PNG_SCALE, MAX_PIXELS / Math.max(width, height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

// A text that a spreadsheet would take for a formula begins with an apostrophe.
const cell = (value) => {
  const text = String(value ?? "");
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

export function csvOf(picture, titles) {
  const names = new Map(picture.wallets.map((each) => [each.wallet.address, each.wallet.name]));
  const columns = ["sender", "sender_name", "receiver", "receiver_name", "asset", "symbol", "units", "usd_value", "transfers", "first_transfer_at", "last_transfer_at"];
  const rows = picture.flows.filter((flow) => flow.transfers).map((flow) => [flow.sender, names.get(flow.sender), flow.receiver, names.get(flow.receiver), flow.asset,
    titles.get(flow.asset), flow.units.replaceAll(",", ""), flow.usd_value, flow.transfers, flow.first_transfer_at, flow.last_transfer_at]);
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export async function exportAs(form, { drawing, state, picture, titles, link }) {
  const name = `explorer_${state.root.slice(0, 10)}.${form}`;
  if (form === "svg") save(name, "image/svg+xml", svgOf(drawing).text);
  if (form === "png") save(name, "image/png", await pngOf(drawing));
  if (form === "csv") save(name, "text/csv;charset=utf-8", csvOf(picture, titles));
  if (form === "json") save(name, "application/json", JSON.stringify({ link, made_at: new Date().toISOString(), state, picture }, null, 1));
}
