// Keys pressed in an explorer are its own: JupyterLab would take the arrows of a list for a walk through its cells.

function render({ el }) {
  let box = null;
  let waiting = 0;

  function keep(event) {
    const run = event.key === "Enter" && event.shiftKey; // the cell, as everywhere
    if (!run && !event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  }

  function find() {
    box = el.closest(".vba"); // there is none before this element is in the page
    if (box) box.addEventListener("keydown", keep);
    else waiting = requestAnimationFrame(find);
  }

  find();
  return () => {
    cancelAnimationFrame(waiting);
    box?.removeEventListener("keydown", keep);
  };
}

export default { render };
