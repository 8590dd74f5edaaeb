// Draws what the server says, where the server says. It keeps what is shown, asks for one hop more, and undoes.
"use strict";
(() => {
  const root = document.getElementById("explorer");
  const said = document.getElementById("said");
  const undo = document.getElementById("undo");
  const rows = document.querySelector("#wallets tbody");
  const notShown = document.getElementById("not-shown");
  const WIDTH = 230, HEIGHT = 64;
  const FIRST = 12, MOST = 200; // neighbours an expansion shows at first, and at most
  const styles = getComputedStyle(document.documentElement);
  const colour = (name) => styles.getPropertyValue(name).trim();
  const tiers = new Map(root.dataset.tiers.split(",").filter(Boolean).map((pair) => pair.split(":")));
  const fill = (category) => category ? colour(`--tier-${tiers.get(category) ?? 0}`) : colour("--card");
  const shapes = { "": "ellipse", 0: "round-rectangle", 1: "hexagon", 2: "diamond", 3: "octagon" };
  const shape = (category) => shapes[category ? tiers.get(category) ?? 0 : ""];
  const position = (place) => ({ x: place.column * WIDTH, y: place.row * HEIGHT });

  const graph = cytoscape({
    container: document.getElementById("drawing"), layout: { name: "preset" }, autoungrabify: true,
    boxSelectionEnabled: false, minZoom: 0.15, maxZoom: 2.5, wheelSensitivity: 0.3,
    style: [
      { selector: "node", style: {
        "label": "data(caption)", "width": 26, "height": 26, "shape": "data(shape)", "background-color": "data(fill)",
        "border-width": 2, "border-color": colour("--soft"), "color": colour("--ink"), "font-size": 11,
        "text-valign": "bottom", "text-margin-y": 4, "text-wrap": "wrap", "text-background-color": colour("--card"),
        "text-background-opacity": 0.85, "text-background-padding": 1 } },
      { selector: "node[kind = 'more']", style: { "shape": "round-rectangle", "width": 60, "border-style": "dashed" } },
      { selector: "node:selected", style: { "border-width": 4, "border-color": colour("--accent") } },
      { selector: "edge", style: {
        "curve-style": "bezier", "target-arrow-shape": "triangle", "width": 1.5, "line-color": colour("--rest"),
        "target-arrow-color": colour("--rest"), "label": "data(caption)", "font-size": 9, "color": colour("--soft"),
        "text-background-color": colour("--card"), "text-background-opacity": 0.85 } },
    ],
  });
  root.graph = graph; // for the tests: positions are read from what is drawn
  const shown = new Map(); // address -> what the table says
  const sums = new Map(); // "more in 0x…" -> which neighbours are summed up there, and where it stands
  const steps = []; // what each expansion added, and the sum it changed
  let asking = false;

  const short = (address) => address.length > 18 ? `${address.slice(0, 8)}…${address.slice(-6)}` : address;
  const dollars = (value) => value === null ? "no price" : `$${Number(value).toLocaleString("en", { maximumFractionDigits: 0 })}`;

  function show(wallet) {
    shown.set(wallet.address, { ...wallet, open: new Set() });
    graph.add({ group: "nodes", data: {
      id: wallet.address, kind: "wallet", fill: fill(wallet.category), shape: shape(wallet.category),
      caption: `${wallet.name}\n◂ ${wallet.senders}   ${wallet.receivers} ▸` }, position: position(wallet.place) });
  }

  function cell(row, content, className) {
    const made = row.insertCell();
    if (className) made.className = className;
    made.append(content);
    return made;
  }

  function list() {
    rows.replaceChildren();
    for (const wallet of [...shown.values()].sort((a, b) => a.place.column - b.place.column || a.place.row - b.place.row)) {
      const row = rows.insertRow();
      row.dataset.address = wallet.address;
      const head = document.createElement("th");
      head.scope = "row";
      const link = document.createElement("a");
      link.href = `/wallets/${encodeURIComponent(`${root.dataset.chain}:${wallet.address}`)}`;
      link.textContent = wallet.name;
      link.title = wallet.address;
      head.append(link);
      row.append(head);
      cell(row, wallet.category ? wallet.category.replaceAll("_", " ") : "–");
      cell(row, String(wallet.place.column), "right");
      cell(row, wallet.by);
      const buttons = cell(row, "");
      for (const [direction, count, word] of [["in", wallet.senders, "senders"], ["out", wallet.receivers, "receivers"]]) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "small";
        const those = `${count} ${count === "1" ? word.slice(0, -1) : word}`;
        button.dataset.direction = direction;
        button.textContent = `${direction === "in" ? "◂ " : ""}${those}${direction === "out" ? " ▸" : ""}`;
        button.setAttribute("aria-label", `Expand ${those} of ${wallet.name}`);
        button.disabled = count === "0" || wallet.open.has(direction);
        button.addEventListener("click", () => expand(wallet.address, direction));
        buttons.append(button);
      }
    }
    notShown.replaceChildren(...[...sums.values()].map((sum) => {
      const item = document.createElement("li");
      const { name } = shown.get(sum.address);
      item.textContent = `${sum.more.wallets} more ${sum.direction === "in" ? "senders to" : "receivers of"} ${name}: ${sum.more.transfers} transfers, ${dollars(sum.more.usd_value)} at the time. `;
      if (sum.limit >= MOST) return item;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = "Show more";
      button.setAttribute("aria-label", `Show more ${sum.direction === "in" ? "senders to" : "receivers of"} ${name}`);
      button.addEventListener("click", () => expand(sum.address, sum.direction, Math.min(2 * sum.limit, MOST)));
      item.append(button);
      return item;
    }));
    if (!notShown.children.length) {
      const item = document.createElement("li");
      item.textContent = steps.length ? "Nothing: every neighbour of what was expanded is shown." : "Nothing has been expanded yet.";
      notShown.append(item);
    }
    undo.disabled = steps.length === 0;
  }

  function sumUp(id, sum) {
    graph.remove(graph.getElementById(id)); // and its edge
    sums.delete(id);
    if (!sum) return;
    sums.set(id, sum);
    const { address, direction, more, place } = sum;
    const [source, target] = direction === "in" ? [id, address] : [address, id];
    graph.add({ group: "nodes", data: { id, kind: "more", fill: colour("--tint"), shape: "round-rectangle",
      caption: `${more.wallets} more\n${dollars(more.usd_value)}` }, position: position(place) });
    graph.add({ group: "edges", data: { id: `${source}>${target}`, source, target, caption: `${more.transfers} transfers` } });
  }

  async function expand(address, direction, limit = FIRST) {
    const wallet = shown.get(address);
    if (asking || (limit === FIRST && wallet.open.has(direction))) return;
    asking = true;
    said.textContent = `Asking for the ${direction === "in" ? "senders" : "receivers"} of ${wallet.name} …`;
    const places = [...shown.values()].map((each) => ({ address: each.address, ...each.place }))
      .concat([...sums.values()].map((sum) => ({ address: null, ...sum.place })));
    let answer;
    try {
      const response = await fetch(`/v1/explore/${encodeURIComponent(`${root.dataset.chain}:${address}`)}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ direction, limit, shown: places }) });
      answer = await response.json();
      if (!response.ok) throw new Error(answer.detail);
    } catch (error) {
      said.textContent = `That did not work: ${error.message} Try again.`;
      return;
    } finally {
      asking = false;
    }
    wallet.open.add(direction);
    const sum = `more ${direction} ${address}`;
    const step = { address, direction, added: [], sum, before: sums.get(sum) };
    const join = (id, caption) => {
      const [source, target] = direction === "in" ? [id, address] : [address, id];
      const edge = `${source}>${target}`;
      if (graph.getElementById(edge).nonempty()) return;
      graph.add({ group: "edges", data: { id: edge, source, target, caption } });
      step.added.push(edge);
    };
    for (const each of answer.neighbours) {
      const other = each.wallet.address;
      const by = `${each.transfers} transfer${each.transfers > 1 ? "s" : ""}, ${dollars(each.usd_value)}`;
      if (each.is_new && !shown.has(other)) {
        show({ address: other, name: each.name, category: each.category, senders: each.senders, receivers: each.receivers,
          place: each.place, by: `${direction === "in" ? "pays" : "is paid by"} ${wallet.name}: ${by}` });
        step.added.push(other);
      }
      join(other, by);
    }
    const { more } = answer;
    sumUp(sum, more && { address, direction, limit, more, place: step.before?.place ?? more.place });
    steps.push(step);
    list();
    graph.fit(undefined, 40);
    said.textContent = `${answer.neighbours.length} of ${answer.total} ${direction === "in" ? "senders" : "receivers"} of ${wallet.name} are shown${more ? `; ${more.wallets} more are summed up` : ""}.`;
    rows.querySelector(`tr[data-address="${CSS.escape(address)}"] a`)?.focus();
  }

  undo.addEventListener("click", () => {
    if (asking) return; // the answer may hang on what would go
    const step = steps.pop();
    if (!step.before) shown.get(step.address).open.delete(step.direction);
    for (const id of step.added) {
      shown.delete(id);
      graph.remove(graph.getElementById(id));
    }
    sumUp(step.sum, step.before);
    list();
    graph.fit(undefined, 40);
    said.textContent = `Undone: of ${shown.get(step.address).name} ${step.before ? "fewer are shown" : "that direction is no longer expanded"}.`;
  });
  document.getElementById("fit").addEventListener("click", () => graph.fit(undefined, 40));
  graph.on("dbltap", "node[kind = 'wallet']", (event) => {
    const wallet = shown.get(event.target.id());
    expand(wallet.address, event.renderedPosition.x < event.target.renderedPosition().x ? "in" : "out");
  });

  show({ address: root.dataset.address, name: root.dataset.label, category: root.dataset.category || null,
    senders: root.dataset.senders, receivers: root.dataset.receivers, place: { column: 0, row: 0 }, by: "where you began" });
  list();
  graph.center();
})();
