// Names and words for the handles of sliders: those of ipywidgets have no name, and say 13.999999999999998 for 14.

function render({ el }) {
  let watch = null;
  let waiting = 0;

  function put(handle, name, words) {
    if (handle.getAttribute(name) !== words) handle.setAttribute(name, words); // what is the same wakes nobody
  }

  function tell(box) {
    for (const slider of box.querySelectorAll(".widget-slider")) {
      const handle = slider.querySelector(".noUi-handle");
      if (!handle) continue;
      put(handle, "aria-label", slider.querySelector(".widget-label").textContent);
      put(handle, "aria-valuetext", slider.querySelector(".widget-readout").textContent);
    }
  }

  function find() {
    const box = el.closest(".vba"); // there is none before this element is in the page
    if (!box) {
      waiting = requestAnimationFrame(find);
      return;
    }
    watch = new MutationObserver(() => tell(box));
    watch.observe(box, { subtree: true, childList: true, attributeFilter: ["aria-valuetext"] });
    tell(box);
  }

  find();
  return () => {
    cancelAnimationFrame(waiting);
    watch?.disconnect();
  };
}

export default { render };
