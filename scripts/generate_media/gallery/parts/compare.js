// Two to four side by side: what is zoomed or moved in one is zoomed and moved in all.
const comparison = $("#compare"), panes = $(".panes"), tray = $(".tray");
const MOST = 4;
let picked = [], zoom = { scale: 1, x: 0, y: 0 };

const pick = (card) => {
  const key = card.job.key;
  picked = picked.includes(key) ? picked.filter((other) => other !== key) : [...picked, key].slice(-MOST);
  showTray();
};
const showTray = () => {
  picked = picked.filter(cardOf);
  for (const card of cards) {
    const on = picked.includes(card.job.key);
    card.classList.toggle("picked", on);
    $(".pick", card).setAttribute("aria-pressed", String(on));
  }
  tray.hidden = !picked.length;
  $(".chosen").textContent = picked.length + " " + t(picked.length < 2 ? "chosen, choose another" : "chosen");
  $("[data-compare]").disabled = picked.length < 2;
};
tray.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && "clear" in button.dataset) { picked = []; showTray(); }
  if (button && "compare" in button.dataset) go({ compare: picked.join(",") });
});

const paneOf = (card) => {
  const media = $(".frame img, .frame video", card);
  const copied = make(media.localName, { src: media.dataset.src || media.getAttribute("src"), draggable: false });
  if (media.localName === "img") copied.alt = card.job.prompt;
  else Object.assign(copied, { muted: true, loop: true, playsInline: true, autoplay: !still.matches, controls: true });
  const caption = make("figcaption", {}, $(".prompt", card).cloneNode(true), $(".meta", card).cloneNode(true));
  return make("figure", { className: "pane" }, make("div", { className: "lens" }, copied), caption);
};
const showCompare = () => {
  const wanted = (state.compare || "").split(",").map(cardOf).filter((card) => card && $(".frame img, .frame video", card)).slice(0, MOST);
  if (wanted.length < 2) { if (comparison.open) comparison.close(); return; }
  if (comparison.open) return;
  picked = wanted.map((card) => card.job.key);
  showTray();
  panes.replaceChildren(...wanted.map(paneOf));
  comparison.showModal();
  zoomTo({ scale: 1, x: 0, y: 0 });
};
const zoomTo = (wanted) => {
  const scale = Math.min(16, Math.max(1, wanted.scale));
  const most = (scale - 1) / 2;
  const within = (value) => Math.min(most, Math.max(-most, value));
  zoom = { scale, x: within(wanted.x), y: within(wanted.y) };
  // x and y in parts of a pane, so that panes of different sizes show the same place.
  for (const media of $$(".lens > *")) media.style.transform = `translate(${zoom.x * 100}%, ${zoom.y * 100}%) scale(${scale})`;
  $(".zoomed").textContent = Math.round(scale * 100) + " %";
};
// The point under the pointer stays where it is.
const zoomBy = (factor, lens, event) => {
  const scale = Math.min(16, Math.max(1, zoom.scale * factor)), by = scale / zoom.scale;
  const box = lens?.getBoundingClientRect();
  const px = box ? (event.clientX - box.left) / box.width - 0.5 : 0, py = box ? (event.clientY - box.top) / box.height - 0.5 : 0;
  zoomTo({ scale, x: px - (px - zoom.x) * by, y: py - (py - zoom.y) * by });
};
panes.addEventListener("wheel", (event) => {
  const lens = event.target.closest(".lens");
  if (!lens) return;
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / 400), lens, event);
}, { passive: false });
const fingers = new Map();
panes.addEventListener("pointerdown", (event) => {
  const lens = event.target.closest(".lens");
  if (!lens || event.target.closest("video")) return;
  lens.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, event);
});
panes.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId), lens = event.target.closest(".lens");
  if (!before || !lens) return;
  const others = [...fingers.values()].filter((other) => other.pointerId !== event.pointerId);
  if (others.length) {
    const far = (one) => Math.hypot(one.clientX - others[0].clientX, one.clientY - others[0].clientY) || 1;
    zoomBy(far(event) / far(before), lens, event);
  } else {
    zoomTo({ ...zoom, x: zoom.x + (event.clientX - before.clientX) / lens.clientWidth, y: zoom.y + (event.clientY - before.clientY) / lens.clientHeight });
  }
  fingers.set(event.pointerId, event);
});
for (const name of ["pointerup", "pointercancel"]) panes.addEventListener(name, (event) => fingers.delete(event.pointerId));
panes.addEventListener("dblclick", (event) => {
  const lens = event.target.closest(".lens");
  if (lens) zoom.scale > 1 ? zoomTo({ scale: 1, x: 0, y: 0 }) : zoomBy(3, lens, event);
});
comparison.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("close" in button.dataset) go({ compare: "" });
  else zoomKeys[{ in: "+", out: "-", fit: "0" }[button.dataset.zoom]]?.();
});
comparison.addEventListener("close", () => { panes.replaceChildren(); if (state.compare) go({ compare: "" }); });
const zoomKeys = {
  "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: () => zoomTo({ scale: 1, x: 0, y: 0 }),
  ArrowLeft: () => zoomTo({ ...zoom, x: zoom.x + 0.1 }), ArrowRight: () => zoomTo({ ...zoom, x: zoom.x - 0.1 }),
  ArrowUp: () => zoomTo({ ...zoom, y: zoom.y + 0.1 }), ArrowDown: () => zoomTo({ ...zoom, y: zoom.y - 0.1 }),
};
