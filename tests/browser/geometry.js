// How the explorer's picture lies on the screen, in pixels.
() => {
  const svg = document.getElementById("drawing");
  const canvas = svg.getBoundingClientRect();
  const zoom = svg.querySelector("g.view").getCTM().a;
  const captions = [...svg.querySelectorAll(".item .name, .item .detail, .edge .caption")].filter((text) => text.textContent);
  const idOf = (element) => element.closest("[data-id]").dataset.id;
  const box = (element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return { left, top, right, bottom, of: idOf(element), text: element.textContent };
  };
  const isOff = (each) => each.left < canvas.left - 0.5 || each.top < canvas.top - 0.5
    || each.right > canvas.right + 0.5 || each.bottom > canvas.bottom + 0.5;
  const drawn = [...svg.querySelectorAll(".item .box, .edge .line"), ...captions];
  const texts = captions.map(box);
  const boxes = [...svg.querySelectorAll(".item .box")].map(box);
  const holds = (each, point) => point.x > each.left + 0.5 && point.x < each.right - 0.5
    && point.y > each.top + 0.5 && point.y < each.bottom - 0.5;

  const hidden = [];
  for (const edge of svg.querySelectorAll(".edge")) {
    const line = edge.querySelector(".line");
    const matrix = line.getScreenCTM();
    const own = [...edge.dataset.id.split(">"), edge.dataset.id];
    const others = [...boxes, ...texts].filter((each) => !own.includes(each.of));
    for (let at = 0; at <= line.getTotalLength(); at += 3) {
      const point = line.getPointAtLength(at).matrixTransform(matrix);
      const over = others.find((each) => holds(each, point));
      if (over) { hidden.push([edge.dataset.id, over.of, over.text]); break; }
    }
  }

  const overlapping = [];
  texts.forEach((one, place) => {
    for (const other of texts.slice(place + 1)) {
      const isApart = one.left >= other.right - 1 || other.left >= one.right - 1 || one.top >= other.bottom - 1 || other.top >= one.bottom - 1;
      if (one.of !== other.of && !isApart) overlapping.push([one.text, other.text]);
    }
  });
  const beyondBox = texts.filter((each) => {
    const own = boxes.find((one) => one.of === each.of);
    return own && (each.left < own.left - 0.5 || each.right > own.right + 0.5);
  });
  return {
    zoom, items: boxes.length, edges: svg.querySelectorAll(".edge").length, captions: texts.length,
    smallest: Math.min(...captions.map((text) => parseFloat(getComputedStyle(text).fontSize) * zoom)),
    off: drawn.map(box).filter(isOff).length, hidden, overlapping, cutOff: beyondBox.map((each) => each.text),
  };
}
