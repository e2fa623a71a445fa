// A surface in a light that is dragged on a disc: its middle is the viewer, its rim the side.

const REST_MS = 150;
const RIM = 0.999; // so that a light at the side is still one

/** The colours of `NormalInspector.relit`: the same sum, pixel by pixel, into RGBA bytes. */
export function relight(normals, light, ambient, rgba) {
  const length = Math.hypot(...light);
  const [x, y, z] = light.map((each) => each / length);
  for (let k = 0, at = 0; k < normals.length; k += 3, at += 4) {
    const lambert = normals[k] * x + normals[k + 1] * y + normals[k + 2] * z;
    if (Number.isNaN(lambert)) {
      rgba[at] = rgba[at + 1] = rgba[at + 2] = rgba[at + 3] = 0;
      continue;
    }
    const share = ambient + (1 - ambient) * Math.min(1, Math.max(0, lambert));
    rgba[at] = rgba[at + 1] = rgba[at + 2] = Math.floor(255 * share + 0.5);
    rgba[at + 3] = 255;
  }
}

/** The direction to a light on the disc. */
export function direction([x, y]) {
  return [x, y, Math.sqrt(Math.max(0, 1 - x * x - y * y))];
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "vba-light";
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  root.innerHTML = `
    <figure><figcaption>The surface in white, lit from where the light is; unread is empty</figcaption>
      <canvas class="vba-lit" role="img" aria-label="The surface in the light"></canvas></figure>
    <div>
      <p>Drag the light, or move it by the arrow keys, with shift farther.</p>
      <svg class="vba-disc" viewBox="-1.1 -1.1 2.2 2.2" tabindex="0" role="application">
        <circle r="1" fill="none" stroke="currentColor" stroke-width="0.03"></circle>
        <path d="M-1 0H1M0 -1V1" stroke="currentColor" stroke-opacity="0.3" stroke-width="0.02"></path>
        <circle class="vba-lamp" r="0.12" fill="#e69f00" stroke="currentColor" stroke-width="0.03"></circle>
      </svg>
      <p class="vba-light-text" role="status"></p>
      <div class="vba-tools"><label>ambient
        <input class="vba-ambient" type="range" min="0" max="1" step="0.05"></label></div>
    </div>`;
  el.append(root);
  const [canvas, disc, lamp, text, slider] = [
    ".vba-lit", ".vba-disc", ".vba-lamp", ".vba-light-text", ".vba-ambient",
  ].map((name) => root.querySelector(name));
  let normals = new Float32Array();
  let image = null;
  let at = model.get("light");
  let ambient = model.get("ambient");
  let pending = 0;
  let timer = 0;

  function draw() {
    pending = 0;
    relight(normals, direction(at), ambient, image.data);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  function show() {
    lamp.setAttribute("cx", at[0]);
    lamp.setAttribute("cy", -at[1]);
    slider.value = ambient;
    const [x, y, z] = direction(at).map((each) => each.toFixed(2));
    text.textContent = `Light from x ${x} right, y ${y} up, z ${z} towards the viewer; ambient ${ambient.toFixed(2)}`;
    disc.setAttribute("aria-label", `${text.textContent}. Arrow keys move it.`);
    pending ||= requestAnimationFrame(draw);
  }

  function tell() {
    show();
    clearTimeout(timer);
    timer = setTimeout(() => {
      const told = { light: at, ambient }; // `heard` comes with the first of them, before the model has both
      Object.entries(told).forEach(([name, value]) => model.set(name, value));
      ({ light: at, ambient } = told);
      show();
      model.save_changes();
    }, REST_MS);
  }

  function move(x, y) {
    const far = Math.hypot(x, y);
    const by = far > RIM ? RIM / far : 1;
    at = [x * by, y * by];
    tell();
  }

  function drag(event) {
    const box = disc.getBoundingClientRect();
    move(
      ((event.clientX - box.left) / box.width) * 2.2 - 1.1,
      1.1 - ((event.clientY - box.top) / box.height) * 2.2,
    );
  }

  disc.addEventListener("pointerdown", (event) => {
    disc.setPointerCapture(event.pointerId);
    drag(event);
  });
  disc.addEventListener("pointermove", (event) => disc.hasPointerCapture(event.pointerId) && drag(event));
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  disc.addEventListener("keydown", (event) => {
    const by = moves[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 0.2 : 0.05;
    move(at[0] + by[0] * far, at[1] + by[1] * far);
    event.preventDefault();
    event.stopPropagation();
  });
  const setAmbient = (value) => {
    ambient = Math.max(0, Math.min(1, value));
    tell();
  };
  slider.addEventListener("input", () => setAmbient(Number(slider.value)));
  // JupyterLab keeps some keys from sliders, so that what they do is said here.
  const slides = { ArrowRight: 0.05, ArrowUp: 0.05, ArrowLeft: -0.05, ArrowDown: -0.05, Home: -1, End: 1 };
  slider.addEventListener("keydown", (event) => {
    if (!slides[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    setAmbient(Math.round((ambient + slides[event.key]) * 20) / 20);
    event.preventDefault();
    event.stopPropagation();
  });

  function update() {
    const { rows, columns, normals: sent, coarse } = model.get("surface");
    const bytes = new Uint8Array(sent.buffer ?? sent, sent.byteOffset ?? 0, sent.byteLength);
    normals = new Float32Array(bytes.slice().buffer);
    Object.assign(canvas, { width: columns, height: rows });
    canvas.style.imageRendering = coarse ? "pixelated" : "";
    image = canvas.getContext("2d").createImageData(columns, rows);
    show();
  }

  function heard() {
    [at, ambient] = [model.get("light"), model.get("ambient")];
    show();
  }

  model.on("change:surface", update);
  model.on("change:light change:ambient", heard);
  update();
  return () => {
    clearTimeout(timer);
    cancelAnimationFrame(pending);
    model.off("change:surface", update);
    model.off("change:light change:ambient", heard);
  };
}

export default { render };
