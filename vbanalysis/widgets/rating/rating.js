// The rating explorer: shows what `RatingDesk.shown` gives, and sends what `RatingDesk.act` takes.

const KEYS = {
  ArrowLeft: "left", 1: "left",
  ArrowRight: "right", 2: "right",
  " ": "tie", 0: "tie",
  s: "skip", S: "skip",
  u: "undo", U: "undo", Backspace: "undo",
};

const BUTTONS = [
  ["left", "Left", "1 or left arrow"],
  ["tie", "Tie", "0 or space"],
  ["right", "Right", "2 or right arrow"],
  ["skip", "Skip", "S"],
  ["undo", "Undo", "U or backspace"],
];

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  let since = null; // when both pictures of the pair were there to be seen; null: no vote is taken
  let addresses = [];

  const root = element("div", { className: "vba vba-rating", tabIndex: 0 });
  root.setAttribute("role", "group");
  // JupyterLab's own keys (0 0 restarts the kernel, S and U are taken too) are not for this element.
  root.setAttribute("data-lm-suppress-shortcuts", "true");

  const question = element("p", { className: "vba-question" });
  const prompt = element("p", { className: "vba-prompt" });
  const images = ["left", "right"].map((side) => element("img", { alt: `${side} picture`, draggable: false }));
  const pictures = element("div", { className: "vba-pictures" }, ...images);
  const buttons = Object.fromEntries(
    BUTTONS.map(([action, label, key]) => {
      const hint = element("span", { className: "vba-key", textContent: key });
      const button = element("button", { type: "button" }, element("span", { textContent: label }), hint);
      button.addEventListener("click", (event) => {
        act(action);
        // After a click with the mouse the space bar means a tie again, not this button once more.
        if (event.detail > 0) root.focus({ preventScroll: true });
      });
      return [action, button];
    }),
  );
  const choices = element("div", { className: "vba-choices" }, ...Object.values(buttons));
  const bar = element("progress", { max: 1, value: 0 });
  bar.setAttribute("aria-label", "pairs judged");
  const count = element("span");
  const progress = element("div", { className: "vba-progress" }, bar, count);
  const status = element("p", { className: "vba-status" });
  status.setAttribute("role", "status");

  const name = element("input", { type: "text", maxLength: 60, autocomplete: "off" });
  const begin = element("button", { type: "button", className: "vba-begin", textContent: "Begin" });
  const form = element("div", { className: "vba-name" }, element("label", {}, "Your name ", name), begin);
  begin.addEventListener("click", start);
  function start() {
    model.send({ do: "start", rater: name.value });
    root.focus({ preventScroll: true });
  }

  root.append(question, form, prompt, pictures, choices, progress, status);
  el.append(root);

  function act(action) {
    const shown = model.get("shown");
    if (action === "undo") {
      since = null;
      model.send({ do: "undo" });
    } else if (shown.stage === "pair" && since !== null) {
      const seconds = (performance.now() - since) / 1000;
      since = null; // one vote a pair
      model.send({ do: "vote", choice: action, serial: shown.serial, seconds });
    }
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === name) {
      if (event.key === "Enter") start();
      event.stopPropagation();
      return;
    }
    const onButton = event.target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter");
    if (onButton || !(event.key in KEYS) || model.get("shown").stage === "name") return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) act(KEYS[event.key]);
  });

  async function update() {
    const shown = model.get("shown");
    const serial = shown.serial;
    since = null;
    const rating = shown.stage === "pair";
    question.textContent = shown.stage === "end" ? "All pairs are judged. Thank you." : shown.question;
    root.setAttribute("aria-label", question.textContent);
    form.hidden = shown.stage !== "name";
    prompt.textContent = shown.prompt;
    prompt.hidden = !shown.prompt;
    pictures.hidden = !rating;
    choices.hidden = shown.stage === "name";
    for (const [action, button] of Object.entries(buttons)) button.disabled = action !== "undo" && !rating;
    buttons.undo.disabled = shown.done === 0;
    bar.value = shown.total ? shown.done / shown.total : 0;
    count.textContent = `${shown.done} of ${shown.total}${shown.rater ? ` by ${shown.rater}` : ""}`;
    status.textContent = shown.message;

    addresses.forEach((address) => URL.revokeObjectURL(address));
    addresses = [];
    const readable = rating && shown.left.byteLength > 0 && shown.right.byteLength > 0;
    if (!readable) {
      images.forEach((image) => image.removeAttribute("src"));
    } else {
      addresses = [shown.left, shown.right].map((bytes) =>
        URL.createObjectURL(new Blob([bytes], { type: "image/png" })),
      );
      images.forEach((image, k) => (image.src = addresses[k]));
      try {
        await Promise.all(images.map((image) => image.decode()));
      } catch {
        if (model.get("shown").serial === serial) status.textContent = "A picture cannot be shown: skip this pair.";
      }
      // A picture of few pixels is shown as such, not blurred.
      images.forEach((image) => image.classList.toggle("vba-coarse", image.naturalWidth < 256));
    }
    // Another pair may have come while these pictures were decoded.
    if (rating && model.get("shown").serial === serial) since = performance.now();
  }

  model.on("change:shown", update);
  update();
  return () => {
    model.off("change:shown", update);
    addresses.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { render };
