// Pictures side by side with their words; each image stays in its place, so that nothing flickers.

function render({ model, el }) {
  const row = document.createElement("div");
  row.className = "vba-panels";
  el.append(row);
  let addresses = [];

  function update() {
    const panels = model.get("panels");
    while (row.children.length > panels.length) row.lastChild.remove();
    while (row.children.length < panels.length) {
      const figure = document.createElement("figure");
      figure.append(document.createElement("figcaption"), document.createElement("img"));
      row.append(figure);
    }
    const old = addresses;
    addresses = panels.map(({ title, picture, kind, coarse }, k) => {
      const [caption, image] = row.children[k].children;
      const address = URL.createObjectURL(new Blob([picture], { type: `image/${kind}` }));
      caption.textContent = title;
      image.alt = title;
      image.classList.toggle("vba-coarse", coarse);
      image.src = address;
      return address;
    });
    old.forEach((address) => URL.revokeObjectURL(address));
  }

  model.on("change:panels", update);
  update();
  return () => {
    model.off("change:panels", update);
    addresses.forEach((address) => URL.revokeObjectURL(address));
  };
}

export default { render };
