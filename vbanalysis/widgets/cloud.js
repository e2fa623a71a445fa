// Points in space on a canvas: no WebGL is needed for as few as these. The focal length scales x and y alone.

const RATIO = 0.7; // height of the stage to its width
const TURN = 0.01; // radians a pixel of dragging
const MARGIN = 1.6; // how far away the eye is, in radii

function bytesOf(view) {
  return new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
}

/** Rays whose buffer may begin at any byte. */
function floatsOf(view) {
  return new Float32Array(bytesOf(view).slice().buffer);
}

function middle(values) {
  return Float32Array.from(values).sort()[values.length >> 1] ?? 0;
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "vba-cloud";
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  root.innerHTML = `
    <div class="vba-tools">
      <label>focal length <input class="vba-focal" type="range" min="0" step="1"></label>
      <label>coloured by <select class="vba-colour"></select></label>
      <button type="button" class="vba-reset">Reset view</button>
    </div>
    <p class="vba-focal-text" role="status"></p>
    <canvas class="vba-stage" tabindex="0" role="application"></canvas>
    <p class="vba-key"></p>`;
  const [slider, colour, reset] = [".vba-focal", ".vba-colour", ".vba-reset"].map((k) => root.querySelector(k));
  const [text, stage, hint] = [".vba-focal-text", "canvas", ".vba-key"].map((k) => root.querySelector(k));
  stage.setAttribute(
    "aria-label",
    "Points in space. Arrow keys turn them, plus and minus zoom, 0 resets the view.",
  );
  el.append(root);

  let rays = new Float32Array();
  let colours = [];
  let centre = [0, 0, 0]; // of the rays
  let view = {};
  let pending = 0;

  const focal = () => model.get("steps")[model.get("step")].focal;

  function resetView() {
    view = { yaw: 0.35, pitch: 0.2, zoom: 1 };
    ask();
  }

  function ask() {
    pending ||= requestAnimationFrame(() => {
      pending = 0;
      draw();
    });
  }

  function draw() {
    const width = Math.max(1, Math.round(stage.clientWidth * Math.min(devicePixelRatio, 2)));
    const height = Math.round(width * RATIO);
    if (stage.width !== width || stage.height !== height) Object.assign(stage, { width, height });
    const context = stage.getContext("2d");
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const nearest = new Float32Array(width * height).fill(Infinity);
    const rgb = colours[colour.selectedIndex] ?? colours[0];
    const f = focal();
    const [cx, cy, cz] = [centre[0] / f, centre[1] / f, centre[2]];
    const [siny, cosy] = [Math.sin(view.yaw), Math.cos(view.yaw)];
    const [sinp, cosp] = [Math.sin(view.pitch), Math.cos(view.pitch)];
    const far = (MARGIN * size) / view.zoom;
    const scale = width * 0.9;
    const dot = Math.max(1, Math.round(width / 320));
    for (let k = 0; k < rays.length; k += 3) {
      const x = rays[k] / f - cx;
      const y = rays[k + 1] / f - cy;
      const z = rays[k + 2] - cz;
      const right = cosy * x + siny * z;
      const ahead = cosy * z - siny * x;
      const down = cosp * y + sinp * ahead;
      const depth = cosp * ahead - sinp * y + far;
      if (depth <= far * 0.02) continue;
      const left = Math.round(width / 2 + (scale * right) / depth - dot / 2);
      const top = Math.round(height / 2 + (scale * down) / depth - dot / 2);
      if (left < 0 || top < 0 || left + dot > width || top + dot > height) continue;
      const packed = 0xff000000 | (rgb[k + 2] << 16) | (rgb[k + 1] << 8) | rgb[k];
      for (let r = top; r < top + dot; r++) {
        for (let at = r * width + left; at < r * width + left + dot; at++) {
          if (depth < nearest[at]) {
            nearest[at] = depth;
            pixels[at] = packed;
          }
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  let size = 1;

  function update() {
    const { rays: sent, colours: named, told } = model.get("points");
    rays = floatsOf(sent);
    colours = named.map(({ rgb }) => bytesOf(rgb));
    const chosen = Math.max(0, colour.selectedIndex);
    colour.replaceChildren(...named.map(({ name }) => new Option(name)));
    colour.selectedIndex = Math.min(chosen, named.length - 1);
    centre = [0, 1, 2].map((axis) => middle(rays.filter((_, k) => k % 3 === axis)));
    size = Math.max(1e-6, 2 * middle(rays.filter((_, k) => k % 3 === 2).map((z) => Math.abs(z - centre[2]))));
    // As wide as the usual picture is, where all depths are alike.
    size = Math.max(size, centre[2] * 0.7);
    hint.textContent = `${told}. Drag to turn, wheel to zoom; arrow keys, plus, minus and 0 do the same.`;
    slider.max = model.get("steps").length - 1;
    moved();
  }

  function moved() {
    slider.value = model.get("step");
    text.textContent = `Focal length ${model.get("steps")[model.get("step")].text}`;
    slider.setAttribute("aria-valuetext", text.textContent);
    ask();
  }

  function go(step) {
    model.set("step", Math.max(0, Math.min(Number(slider.max), step)));
    model.save_changes();
    moved();
  }

  slider.addEventListener("input", () => go(Number(slider.value)));
  // JupyterLab keeps some keys from sliders, so that what they do is said here.
  const slides = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -1e3, End: 1e3 };
  slider.addEventListener("keydown", (event) => {
    if (!slides[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    go(model.get("step") + slides[event.key]);
    event.preventDefault();
    event.stopPropagation();
  });
  colour.addEventListener("change", ask);
  reset.addEventListener("click", resetView);
  stage.addEventListener("pointerdown", (event) => stage.setPointerCapture(event.pointerId));
  stage.addEventListener("pointermove", (event) => {
    if (!stage.hasPointerCapture(event.pointerId)) return;
    view.yaw += event.movementX * TURN;
    view.pitch += event.movementY * TURN;
    ask();
  });
  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.001));
    },
    { passive: false },
  );
  function zoom(by) {
    view.zoom = Math.max(0.2, Math.min(20, view.zoom * by));
    ask();
  }
  const keys = {
    ArrowLeft: () => (view.yaw -= 0.1),
    ArrowRight: () => (view.yaw += 0.1),
    ArrowUp: () => (view.pitch -= 0.1),
    ArrowDown: () => (view.pitch += 0.1),
    "+": () => zoom(1.2),
    "=": () => zoom(1.2),
    "-": () => zoom(1 / 1.2),
    0: resetView,
  };
  stage.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    keys[event.key]();
    event.preventDefault();
    event.stopPropagation();
    ask();
  });
  const watcher = new ResizeObserver(ask);
  watcher.observe(stage);
  model.on("change:points", update);
  model.on("change:step", moved);
  resetView();
  update();
  return () => {
    watcher.disconnect();
    cancelAnimationFrame(pending);
    model.off("change:points", update);
    model.off("change:step", moved);
  };
}

export default { render };
