"""How the explorer's picture lies on the screen, measured in the browser."""

from typing import Any

from playwright.sync_api import Page

_MEASURE = """() => {
  const svg = document.getElementById('drawing');
  const canvas = svg.getBoundingClientRect();
  const zoom = svg.querySelector('g.view').getCTM().a;
  const shown = (text) => text.textContent !== '';
  const captions = [...svg.querySelectorAll('.item .name, .item .detail, .edge .caption')].filter(shown);
  const box = (element) => { const {left, top, right, bottom} = element.getBoundingClientRect(); return {left, top, right, bottom}; };
  const off = [...svg.querySelectorAll('.item .box, .edge .line'), ...captions].map(box).filter((b) =>
    b.left < canvas.left - .5 || b.top < canvas.top - .5 || b.right > canvas.right + .5 || b.bottom > canvas.bottom + .5).length;
  const texts = captions.map((text) => ({...box(text), of: text.closest('[data-id]').dataset.id, text: text.textContent}));
  const boxes = [...svg.querySelectorAll('.item .box')].map((each) => ({...box(each), of: each.closest('[data-id]').dataset.id}));
  const hidden = [];
  for (const edge of svg.querySelectorAll('.edge')) {
    const line = edge.querySelector('.line');
    const matrix = line.getScreenCTM();
    const [source, target] = edge.dataset.id.split('>');
    const length = line.getTotalLength();
    for (let at = 0; at <= length; at += 3) {
      const point = line.getPointAtLength(at).matrixTransform(matrix);
      const over = [...boxes, ...texts].find((each) => ![source, target, edge.dataset.id].includes(each.of)
        && point.x > each.left + .5 && point.x < each.right - .5 && point.y > each.top + .5 && point.y < each.bottom - .5);
      if (over) { hidden.push([edge.dataset.id, over.of, over.text ?? 'box']); break; }
    }
  }
  const overlapping = [];
  texts.forEach((one, place) => { for (const other of texts.slice(place + 1)) {
    if (one.of !== other.of && one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1) overlapping.push([one.text, other.text]);
  } });
  const cutOff = texts.filter((each) => { const own = boxes.find((b) => b.of === each.of); return own && (each.left < own.left - .5 || each.right > own.right + .5); }).map((each) => each.text);
  return { zoom, items: boxes.length, edges: svg.querySelectorAll('.edge').length, captions: texts.length,
    smallest: Math.min(...captions.map((text) => parseFloat(getComputedStyle(text).fontSize) * zoom)), off, hidden, overlapping, cutOff };
}"""


def measured(page: Page) -> dict[str, Any]:
    """Sizes in pixels of the screen: the smallest caption, what is off the canvas, edges behind captions."""
    found: dict[str, Any] = page.evaluate(_MEASURE)
    return found


def positions(page: Page) -> dict[str, tuple[float, float]]:
    """Where each item lies, in the drawing's own units."""
    found: dict[str, tuple[float, float]] = page.evaluate(
        "() => { const e = document.getElementById('explorer').explorer;"
        " return Object.fromEntries(e.items.map((item) => [item.id, e.drawing.place(item.id)])); }"
    )
    return found
