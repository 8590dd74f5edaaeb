// The keyboard on the picture: arrow keys go from wallet to wallet, letters do what the menu does.
"use strict";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function handleKey(explorer, event) {
  if (event.ctrlKey || event.metaKey) return;
  const { drawing } = explorer;
  const item = explorer.item(event.target.closest?.(".item")?.dataset.id);
  if (event.key === "0") { event.preventDefault(); drawing.fit(); return; }
  if (event.key === "+" || event.key === "-") { event.preventDefault(); drawing.svg.call(drawing.zoom.scaleBy, event.key === "+" ? 1.25 : 0.8); return; }
  if (!item) return;
  const arrow = ARROWS[event.key];
  if (arrow) {
    event.preventDefault();
    if (event.altKey) move(explorer, item, arrow); else go(explorer, item, arrow);
    return;
  }
  if (event.altKey) return;
  const act = {
    Enter: () => explorer.openMenu(item), " ": () => explorer.openMenu(item), Delete: () => explorer.hide(item),
    o: item.owner ? () => explorer.toggleOwner(item.owner) : null,
    ...(item.kind === "wallet" ? {
      s: () => explorer.expand(item, "in"), r: () => explorer.expand(item, "out"), c: () => explorer.collapse(item), p: () => explorer.openPath(item.id),
      d: () => explorer.openDetails(item), n: () => explorer.openDetails(item, true), f: () => explorer.pin(item) } : {}),
    ...(item.kind === "owner" ? { d: () => explorer.openDetails(item) } : {}),
  }[event.key];
  if (act) { event.preventDefault(); act(); }
}

// To the nearest item in that direction: what lies straight ahead before what lies aside.
function go(explorer, item, [dx, dy]) {
  const [x, y] = explorer.drawing.place(item.id);
  const ahead = explorer.items.filter((each) => each.id !== item.id).map((each) => {
    const [ex, ey] = explorer.drawing.place(each.id);
    const forward = (ex - x) * dx + (ey - y) * dy, aside = Math.abs((ex - x) * dy) + Math.abs((ey - y) * dx);
    return { each, forward, distance: forward + 3 * aside };
  }).filter(({ forward }) => forward > 1).sort((a, b) => a.distance - b.distance);
  if (!ahead.length) return;
  explorer.select(ahead[0].each.id);
  explorer.focus(ahead[0].each.id);
}

async function move(explorer, item, [dx, dy]) {
  const step = explorer.state.down ? [dy, dx] : [dx, dy];
  const [column, row] = explorer.state.cells[item.id];
  await explorer.move(item, [column + step[0], row + step[1]]);
  explorer.focus(item.id);
}
