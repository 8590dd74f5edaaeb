// The ways of edges over the lattice: curves in the gutters between columns, straight in empty rows or in the channels between rows.
// So no edge runs below a box, whatever cells the boxes have. Pure; `along` is the direction of the money, `across` the other one.
"use strict";

const BEND = 44; // of a gutter that is wide enough for a label, the part where edges change rows

export function router(sizes, taken) {
  const { box, pitch } = sizes.along;
  const gutter = pitch - box;
  const centre = ([column, row]) => [column * pitch, row * sizes.across.pitch];
  const channel = sizes.across.pitch - sizes.across.box;

  const isFree = (row, from, to) => {
    for (let column = Math.min(from, to) + 1; column < Math.max(from, to); column++) if (taken.has(`${column},${row}`)) return false;
    return true;
  };

  // Points and curves from one box to another: a list of ["M" | "L", point] and ["C", control, control, point].
  function way(from, to, labelAt = "target") {
    const [[a, va], [b, vb]] = [centre(from), centre(to)];
    const sign = Math.sign(to[0] - from[0]);
    if (sign === 0) {
      const [out, back] = [a + box / 2, a + box / 2 + Math.min(gutter, BEND) * 0.8];
      const shift = sizes.across.box / 5;
      return [["M", [out, va + shift]], ["C", [back, va + shift], [back, vb - shift], [out, vb - shift]]];
    }
    const shift = -sign * Math.min(sizes.across.box / 8, 5); // there and back do not lie on one another
    const start = [a + sign * box / 2, va + shift], end = [b - sign * box / 2, vb + shift];
    const bend = Math.min(gutter, BEND);
    if (Math.abs(to[0] - from[0]) === 1) {
      const turn = labelAt === "target" ? start[0] + sign * bend : end[0] - sign * bend;
      return labelAt === "target" ? [["M", start], curve(start, [turn, end[1]]), ["L", end]] : [["M", start], ["L", [turn, start[1]]], curve([turn, start[1]], end)];
    }
    const middle = isFree(to[1], from[0], to[0]) ? end[1] : isFree(from[1], from[0], to[0]) ? start[1]
      : (to[1] + (from[1] < to[1] ? -0.5 : 0.5)) * sizes.across.pitch + (((from[1] % 3) + 3) % 3 - 1) * channel / 6;
    const first = [start[0] + sign * bend, middle], last = [end[0] - sign * bend, middle];
    return [["M", start], curve(start, first), ["L", last], curve(last, end)];
  }

  const curve = (from, to) => { const half = (from[0] + to[0]) / 2; return ["C", [half, from[1]], [half, to[1]], to]; };
  return { way, centre, gutter, pitch };
}

// As the attribute `d` of a path; `down` turns the lattice.
export const asPath = (way, down) => way.map(([command, ...points]) => command + points.map(([along, across]) => down ? `${across.toFixed(1)} ${along.toFixed(1)}` : `${along.toFixed(1)} ${across.toFixed(1)}`).join(" ")).join("");

// Whether a way runs through a rectangle `{left, right, top, bottom}`, looked at every few pixels.
export function runsThrough(way, rectangle) {
  let from = null;
  for (const [command, ...points] of way) {
    const to = points.at(-1);
    const steps = from === null ? 0 : Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / 3);
    for (let step = 0; step <= steps; step++) {
      const [x, y] = steps === 0 ? to : command === "C" ? onCurve(from, ...points, step / steps) : onLine(from, to, step / steps);
      if (x > rectangle.left && x < rectangle.right && y > rectangle.top && y < rectangle.bottom) return true;
    }
    from = to;
  }
  return false;
}

const onLine = (from, to, part) => from.map((each, axis) => each + (to[axis] - each) * part);

// A cubic Bézier curve.
const onCurve = (from, one, other, to, part) => from.map((each, axis) => {
  const rest = 1 - part;
  return rest ** 3 * each + 3 * rest ** 2 * part * one[axis] + 3 * rest * part ** 2 * other[axis] + part ** 3 * to[axis];
});
