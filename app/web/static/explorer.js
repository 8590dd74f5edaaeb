// Draws wallets at the positions the server returns. An expansion requests one more hop; undo removes it.
"use strict";
(() => {
  const root = document.getElementById("explorer");
  const status = document.getElementById("status");
  const undo = document.getElementById("undo");
  const rows = document.querySelector("#wallets tbody");
  const notShown = document.getElementById("not-shown");
  const WIDTH = 230, HEIGHT = 64;
  const FIRST_LIMIT = 12, MAX_LIMIT = 200; // neighbours an expansion shows at first, and at most
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
  root.graph = graph; // tests read the positions from it
  const wallets = new Map(); // address -> its row in the table
  const sums = new Map(); // "more in 0x…" -> the neighbours that are summed up, and the position of the sum
  const expansions = []; // what each expansion added, and the sum it changed
  let loading = false;

  const short = (address) => address.length > 18 ? `${address.slice(0, 8)}…${address.slice(-6)}` : address;
  const dollars = (value) => value === null ? "no price" : `$${Number(value).toLocaleString("en", { maximumFractionDigits: 0 })}`;

  function show(wallet) {
    wallets.set(wallet.address, { ...wallet, open: new Set() });
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
    for (const wallet of [...wallets.values()].sort((a, b) => a.place.column - b.place.column || a.place.row - b.place.row)) {
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
      const { name } = wallets.get(sum.address);
      item.textContent = `${sum.more.wallets} more ${sum.direction === "in" ? "senders to" : "receivers of"} ${name}: ${sum.more.transfers} transfers, ${dollars(sum.more.usd_value)} at the time. `;
      if (sum.limit >= MAX_LIMIT) return item;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.textContent = "Show more";
      button.setAttribute("aria-label", `Show more ${sum.direction === "in" ? "senders to" : "receivers of"} ${name}`);
      button.addEventListener("click", () => expand(sum.address, sum.direction, Math.min(2 * sum.limit, MAX_LIMIT)));
      item.append(button);
      return item;
    }));
    if (!notShown.children.length) {
      const item = document.createElement("li");
      item.textContent = expansions.length ? "All neighbours of the expanded wallets are shown." : "Nothing has been expanded yet.";
      notShown.append(item);
    }
    undo.disabled = expansions.length === 0;
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

  async function expand(address, direction, limit = FIRST_LIMIT) {
    const wallet = wallets.get(address);
    if (loading || (limit === FIRST_LIMIT && wallet.open.has(direction))) return;
    loading = true;
    status.textContent = `Loading the ${direction === "in" ? "senders" : "receivers"} of ${wallet.name} …`;
    const places = [...wallets.values()].map((each) => ({ address: each.address, ...each.place }))
      .concat([...sums.values()].map((sum) => ({ address: null, ...sum.place })));
    let answer;
    try {
      const response = await fetch(`/v1/explore/${encodeURIComponent(`${root.dataset.chain}:${address}`)}`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ way: direction, limit, shown: places }) });
      answer = await response.json();
      if (!response.ok) throw new Error(answer.detail);
    } catch (error) {
      status.textContent = `The request failed: ${error.message} Try again.`;
      return;
    } finally {
      loading = false;
    }
    wallet.open.add(direction);
    const sum = `more ${direction} ${address}`;
    const expansion = { address, direction, added: [], sum, before: sums.get(sum) };
    const join = (id, caption) => {
      const [source, target] = direction === "in" ? [id, address] : [address, id];
      const edge = `${source}>${target}`;
      if (graph.getElementById(edge).nonempty()) return;
      graph.add({ group: "edges", data: { id: edge, source, target, caption } });
      expansion.added.push(edge);
    };
    for (const each of answer.neighbours) {
      const other = each.wallet.address;
      const by = `${each.transfers} transfer${each.transfers > 1 ? "s" : ""}, ${dollars(each.usd_value)}`;
      if (each.is_new && !wallets.has(other)) {
        show({ address: other, name: each.name, category: each.category, senders: each.senders, receivers: each.receivers,
          place: each.place, by: `${direction === "in" ? "pays" : "is paid by"} ${wallet.name}: ${by}` });
        expansion.added.push(other);
      }
      join(other, by);
    }
    const { more } = answer;
    sumUp(sum, more && { address, direction, limit, more, place: expansion.before?.place ?? more.place });
    expansions.push(expansion);
    list();
    graph.fit(undefined, 40);
    status.textContent = `${answer.neighbours.length} of ${answer.total} ${direction === "in" ? "senders" : "receivers"} of ${wallet.name} are shown${more ? `; ${more.wallets} more are not shown` : ""}.`;
    rows.querySelector(`tr[data-address="${CSS.escape(address)}"] a`)?.focus();
  }

  undo.addEventListener("click", () => {
    if (loading) return; // the response may belong to a wallet that undo would remove
    const expansion = expansions.pop();
    if (!expansion.before) wallets.get(expansion.address).open.delete(expansion.direction);
    for (const id of expansion.added) {
      wallets.delete(id);
      graph.remove(graph.getElementById(id));
    }
    sumUp(expansion.sum, expansion.before);
    list();
    graph.fit(undefined, 40);
    status.textContent = `Undone: ${expansion.before ? "fewer neighbours are shown of" : "one direction is no longer expanded of"} ${wallets.get(expansion.address).name}.`;
  });
  document.getElementById("fit").addEventListener("click", () => graph.fit(undefined, 40));
  graph.on("dbltap", "node[kind = 'wallet']", (event) => {
    const wallet = wallets.get(event.target.id());
    expand(wallet.address, event.renderedPosition.x < event.target.renderedPosition().x ? "in" : "out");
  });

  show({ address: root.dataset.address, name: root.dataset.label, category: root.dataset.category || null,
    senders: root.dataset.senders, receivers: root.dataset.receivers, place: { column: 0, row: 0 }, by: "start of the exploration" });
  list();
  graph.center();
})();
