// One pointer in several pictures of the same grid. It only looks words up that the kernel made.

const SVG = "http://www.w3.org/2000/svg";
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const REST_MS = 150;

/** The words at a pixel of the grid that is shown. */
export function readingAt(shown, row, column) {
  return shown.readouts.map(({ name, texts, codes, bytes }) => {
    const view = new DataView(codes.buffer ?? codes, codes.byteOffset ?? 0, codes.byteLength);
    const at = (row * shown.columns + column) * bytes;
    return [name, texts[bytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true)]];
  });
}

function render({ model, el }) {
  const row = document.createElement("div");
  row.className = "vba-panels vba-pointed";
  row.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab has other uses for L and the arrows
  const reading = document.createElement("p");
  reading.className = "vba-figures vba-reading";
  reading.setAttribute("aria-live", "polite");
  const hint = document.createElement("p");
  hint.className = "vba-key";
  el.append(row, reading, hint); // below, so that no picture moves as words come and go

  let addresses = [];
  let marks = [];
  let at = null; // [row, column] of the grid that is shown
  let first = null; // where a line begins that has no end yet
  let ends = null;
  let timer = 0;
  let held = false;

  const source = (point) => point.map((k) => k * model.get("shown").step);
  const grid = ([r, c]) => {
    const { rows, columns, step } = model.get("shown");
    return [Math.min(rows - 1, Math.floor(r / step)), Math.min(columns - 1, Math.floor(c / step))];
  };

  function tell() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      model.set("pixel", at ? source(at) : []);
      if (!first) model.set("line", ends ? ends.map(source) : []);
      model.save_changes();
    }, REST_MS);
  }

  function draw() {
    const shown = model.get("shown");
    const parts = [];
    if (at) {
      const [r, c] = [at[0] + 0.5, at[1] + 0.5];
      const [h, w] = [shown.rows * 0.03, shown.columns * 0.03];
      parts.push(`M${c - w} ${r}H${c + w}M${c} ${r - h}V${r + h}`);
    }
    const line = first && at ? [first, at] : ends;
    if (line) parts.push(`M${line[0][1] + 0.5} ${line[0][0] + 0.5}L${line[1][1] + 0.5} ${line[1][0] + 0.5}`);
    marks.forEach((paths) => paths.forEach((path) => path.setAttribute("d", parts.join(""))));
    reading.replaceChildren();
    const place = at && source(at);
    const words = at ? [["row", place[0]], ["column", place[1]], ...readingAt(shown, ...at)] : [];
    for (const [name, text] of words) {
      const item = document.createElement("span");
      const value = document.createElement("b");
      value.textContent = text;
      item.append(`${name} `, value);
      reading.append(item, " ");
    }
    if (!at) reading.textContent = "Point at a picture.";
  }

  function moved(point) {
    at = point;
    draw();
    tell();
  }

  function pointAt(event) {
    const { rows, columns } = model.get("shown");
    const box = event.currentTarget.getBoundingClientRect();
    const r = Math.floor(((event.clientY - box.top) / box.height) * rows);
    const c = Math.floor(((event.clientX - box.left) / box.width) * columns);
    return [Math.max(0, Math.min(rows - 1, r)), Math.max(0, Math.min(columns - 1, c))];
  }

  function setEnd() {
    if (!first) {
      first = at;
      return;
    }
    ends = first[0] === at[0] && first[1] === at[1] ? null : [first, at];
    first = null;
  }

  function pressed(event) {
    const { rows, columns } = model.get("shown");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (MOVES[event.key]) {
      const by = event.shiftKey ? 10 : 1;
      const from = at ?? [rows >> 1, columns >> 1];
      const to = MOVES[event.key].map((k, axis) => from[axis] + k * by);
      moved([Math.max(0, Math.min(rows - 1, to[0])), Math.max(0, Math.min(columns - 1, to[1]))]);
    } else if (event.key.toLowerCase() === "l" && model.get("lines") && at) {
      setEnd();
      moved(at);
    } else if (event.key === "Escape" && (first || ends)) {
      first = ends = null;
      moved(at);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function frame() {
    const figure = document.createElement("figure");
    const box = document.createElement("div");
    box.className = "vba-target";
    box.tabIndex = 0;
    box.setAttribute("role", "application");
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const paths = ["vba-mark-edge", "vba-mark"].map((name) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      svg.append(path);
      return path;
    });
    const image = document.createElement("img");
    image.draggable = false;
    box.append(image, svg);
    figure.append(document.createElement("figcaption"), box);
    box.addEventListener("pointermove", (event) => moved(pointAt(event)));
    box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      at = pointAt(event);
      if (model.get("lines")) {
        held = true;
        first = at;
        box.setPointerCapture(event.pointerId);
      }
      moved(at);
    });
    const up = (event) => {
      if (!held) return;
      held = false;
      at = pointAt(event);
      setEnd();
      moved(at);
    };
    box.addEventListener("pointerup", up);
    box.addEventListener("pointercancel", () => {
      held = false;
      first = null;
      draw();
    });
    box.addEventListener("keydown", pressed);
    box.addEventListener("focus", () => at || moved([model.get("shown").rows >> 1, model.get("shown").columns >> 1]));
    return [figure, paths];
  }

  function update() {
    const { panels, rows, columns } = model.get("shown");
    const lines = model.get("lines");
    const old = addresses;
    if (row.children.length !== panels.length) {
      const made = panels.map(frame);
      row.replaceChildren(...made.map(([figure]) => figure));
      marks = made.map(([, paths]) => paths);
    }
    addresses = panels.map(({ title, picture, kind, coarse }, k) => {
      const [caption, box] = row.children[k].children;
      const [image, svg] = box.children;
      const address = URL.createObjectURL(new Blob([picture], { type: `image/${kind}` }));
      caption.textContent = title;
      box.setAttribute("aria-label", `${title}. Arrow keys move the pointer${lines ? ", L sets the ends of a line" : ""}.`);
      image.alt = title;
      image.classList.toggle("vba-coarse", coarse);
      image.src = address;
      svg.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
      return address;
    });
    old.forEach((address) => URL.revokeObjectURL(address));
    hint.textContent =
      "Arrow keys move the pointer by a pixel, with shift by ten." +
      (lines ? " Drag a line, or press L at either end; Escape removes it." : "");
    draw();
  }

  model.on("change:shown", update);
  if (model.get("pixel").length) at = grid(model.get("pixel"));
  if (model.get("line").length) ends = model.get("line").map(grid);
  update();
  return () => {
    clearTimeout(timer);
    model.off("change:shown", update);
    addresses.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { render };
