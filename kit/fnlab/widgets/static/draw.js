// Draw points of two to four classes on a plane. The points live in the model, so that every view and the kernel
// share them; this file shows them and turns gestures and keys into new lists of points.
const WIDTH = 640; // of the view box; the page scales it
const SHAPES = {
  circle: "M-7,0a7,7 0 1,0 14,0a7,7 0 1,0 -14,0z",
  square: "M-6.2,-6.2h12.4v12.4h-12.4z",
  diamond: "M0,-8.8L8.8,0L0,8.8L-8.8,0z",
  "triangle-up": "M0,-8.6L8,5.6H-8z",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const KEYS = `Arrow keys move the cursor, with Shift in larger steps. Enter adds a point, or takes hold of the one under the
  cursor and lets go of it. Delete erases it. N goes to the next point. A digit chooses the class. Control Z undoes.`;
const pasts = new WeakMap(); // model -> earlier lists of points, the same for all of its views

function make(name, attributes, parent) {
  const html = ["button", "div", "output"].includes(name);
  const node = document.createElementNS(`http://www.w3.org/${html ? "1999/xhtml" : "2000/svg"}`, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

function render({ model, el }) {
  const [left, right, bottom, top] = model.get("_plane");
  const [colors, symbols, classes, most] = ["_colors", "_symbols", "_classes", "_most"].map((name) => model.get(name));
  const unit = WIDTH / (right - left);
  const height = (top - bottom) * unit;
  const toPage = ([x, y]) => [(x - left) * unit, (top - y) * unit];
  const round = (value, low, high) => Math.round(Math.min(high, Math.max(low, value)) * 100) / 100;
  const onPlane = ([x, y]) => [round(x, left, right), round(y, bottom, top)];
  const past = pasts.get(model) ?? pasts.set(model, []).get(model);
  let gesture = null; // what the pressed pointer does
  let erasing = false;
  let cursor = onPlane([(left + right) / 2, (bottom + top) / 2]); // the keyboard's
  let held = -1; // the point that the arrow keys carry
  let frame = 0;

  const root = make("div", { class: "fnlab-draw", "data-lm-suppress-shortcuts": "true" }, el); // keeps Lab's keys out
  const bar = make("div", { role: "group", "aria-label": "Drawing tools" }, root);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${height}`, tabindex: 0, role: "application" }, root);
  const status = make("output", { "aria-live": "polite" }, root);
  for (let x = Math.ceil(left); x <= right; x++) axis(x, toPage([x, 0])[0], true);
  for (let y = Math.ceil(bottom); y <= top; y++) axis(y, toPage([0, y])[1], false);
  const marks = make("g", {}, svg);
  const cross = make("path", { class: "cursor", d: "M-14,0H-4M4,0H14M0,-14V-4M0,4V14" }, svg);

  function axis(value, at, upright) {
    make("path", { class: value ? "grid" : "grid zero", d: upright ? `M${at},0V${height}` : `M0,${at}H${WIDTH}` }, svg);
    const place = upright ? { x: at + 4, y: height - 5 } : { x: 4, y: at - 4 };
    if (at > 0 && at < (upright ? WIDTH : height)) make("text", place, svg).textContent = value;
  }
  const say = (words) => (status.textContent = words);

  // ---- the points
  const points = () => model.get("points");
  const named = ([x, y, label]) => `class ${label} at ${x}, ${y}`;
  /** Show the new points at once; tell the kernel with the next frame: one message a frame, the last is always sent. */
  function change(next, words) {
    model.set("points", next);
    frame ||= requestAnimationFrame(() => ((frame = 0), model.save_changes()));
    say(words);
  }
  /** Begin a step that can be undone. */
  function begin() {
    held = -1;
    if (past.push(points()) > 100) past.shift();
  }
  function add(at) {
    const point = [...onPlane(at), model.get("pen")];
    points().length < most ? change([...points(), point], `Added ${named(point)}.`) : say(`${most} points at most.`);
  }
  function move(index, at) {
    const moved = [...onPlane(at), points()[index][2]];
    change(points().with(index, moved), `Moved ${named(moved)}.`);
  }
  const erase = (index) => change(points().toSpliced(index, 1), `Erased ${named(points()[index])}.`);
  function undo() {
    held = -1;
    while (past.at(-1) === points()) past.pop(); // what was taken hold of and not moved
    past.length ? change(past.pop(), "Undone.") : say("Nothing to undo.");
  }
  function nearest(at, reach) {
    const [px, py] = toPage(at);
    const far = points().map(toPage).map(([x, y]) => Math.hypot(x - px, y - py));
    const index = far.indexOf(Math.min(...far));
    return far[index] <= reach ? index : -1;
  }

  // ---- mouse, pen, touch
  function aim(event) {
    const screen = svg.getScreenCTM();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(screen.inverse());
    const at = [left + x / unit, top - y / unit];
    return { at, index: nearest(at, (event.pointerType === "mouse" ? 12 : 20) / screen.a) };
  }
  svg.addEventListener("pointerdown", (event) => {
    if (gesture || event.button !== 0) return;
    event.preventDefault();
    svg.focus({ preventScroll: true });
    svg.setPointerCapture(event.pointerId);
    root.classList.remove("keyboard");
    begin();
    const { at, index } = aim(event);
    gesture = { id: event.pointerId, kind: erasing ? "erase" : index >= 0 ? "move" : "spray", index, last: null };
    if (gesture.kind !== "move") act(at, index);
  });
  svg.addEventListener("pointermove", (event) => {
    const { at, index } = aim(event);
    if (!gesture) svg.classList.toggle("over", index >= 0);
    if (gesture?.id === event.pointerId) act(at, index);
  });
  function act(at, index) {
    const [x, y] = gesture.last ?? [Infinity, 0];
    if (gesture.kind === "move") points()[gesture.index] && move(gesture.index, at);
    else if (gesture.kind === "erase" && index >= 0) erase(index);
    else if (gesture.kind === "spray" && Math.hypot(at[0] - x, at[1] - y) * unit > 26) add((gesture.last = at));
  }
  svg.addEventListener("lostpointercapture", () => (gesture = null));

  // ---- keyboard
  const acts = {
    enter() {
      const under = held < 0 ? nearest(cursor, 9) : -1;
      if (held >= 0) say(`Let go of ${named(points()[held])}.`);
      else begin();
      if (under >= 0) say(`Holding ${named(points()[under])}.`);
      else if (held < 0) add(cursor);
      held = under;
    },
    delete() {
      const under = nearest(cursor, 9);
      begin();
      under < 0 ? say("No point under the cursor.") : erase(under);
    },
    n() {
      held = -1;
      const next = points()[(nearest(cursor, 9) + 1) % points().length];
      cursor = next?.slice(0, 2) ?? cursor;
      say(next ? `On ${named(next)}.` : "There are no points.");
    },
  };
  Object.assign(acts, { " ": acts.enter, backspace: acts.delete });
  svg.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "z") undo();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key in ARROWS) {
      cursor = onPlane(cursor.map((at, i) => at + ARROWS[event.key][i] * (event.shiftKey ? 0.5 : 0.1)));
      if (held >= 0) move(held, cursor);
      else say(cursor.join(", "));
    } else if (Object.hasOwn(acts, key)) acts[key]();
    else if (/^[0-3]$/.test(key) && key < classes) choose(Number(key));
    else return;
    event.preventDefault();
    event.stopPropagation();
    root.classList.add("keyboard");
    draw();
  });

  // ---- tools and picture
  function choose(pen) {
    erasing = pen < 0;
    if (!erasing) model.set("pen", pen);
    model.save_changes();
    say(erasing ? "Eraser." : `Class ${pen}.`);
    draw();
  }
  const icon = (d, color) => `<svg viewBox="-10 -10 20 20" aria-hidden="true"><path d="${d}" fill="${color}"/></svg>`;
  function tool(face, act) {
    const button = make("button", { type: "button" }, bar);
    button.innerHTML = face;
    button.addEventListener("click", act);
    return button;
  }
  const pens = symbols.slice(0, classes).map((symbol, pen) =>
    tool(`${icon(SHAPES[symbol], colors[pen])} class ${pen}`, () => choose(pen)),
  );
  const rubber = tool("erase", () => choose(erasing ? model.get("pen") : -1));
  tool("undo", undo);
  tool("clear", () => (begin(), change([], "Cleared.")));
  function draw() {
    if (held >= points().length) held = -1; // the kernel may have fewer
    marks.replaceChildren();
    points().forEach(([x, y, label], i) => {
      const [name, transform] = [i === held ? "point held" : "point", `translate(${toPage([x, y])})`];
      make("path", { class: name, d: SHAPES[symbols[label]], fill: colors[label], transform }, marks);
    });
    pens.forEach((button, pen) => button.setAttribute("aria-pressed", !erasing && pen === model.get("pen")));
    rubber.setAttribute("aria-pressed", erasing);
    cross.setAttribute("transform", `translate(${toPage(cursor)})`);
    const counts = pens.map((_, pen) => `${points().filter((point) => point[2] === pen).length} of class ${pen}`);
    svg.setAttribute("aria-label", `Plane with ${counts.join(", ")}. ${KEYS}`);
  }
  model.on("change:points change:pen", draw);
  draw();
  return () => model.off("change:points change:pen", draw);
}

export default { render };
