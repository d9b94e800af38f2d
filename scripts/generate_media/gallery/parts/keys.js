// Everything by keyboard alone.
const move = (key) => {
  const at = shown.indexOf(document.activeElement.closest(".card"));
  if (at < 0) return shown[0];
  if (key === "ArrowLeft") return shown[at - 1];
  if (key === "ArrowRight") return shown[at + 1];
  const down = key === "ArrowDown", here = shown[at].getBoundingClientRect();
  const rest = down ? shown.slice(at + 1) : shown.slice(0, at).reverse();
  let row = null, best = null;
  for (const card of rest) {
    const box = card.getBoundingClientRect();
    if (Math.abs(box.top - here.top) < 4) continue;
    row ??= box.top;
    if (Math.abs(box.top - row) > 4) break;
    if (!best || Math.abs(box.left - here.left) < Math.abs(best.getBoundingClientRect().left - here.left)) best = card;
  }
  return best;
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target === filter, arrow = event.key.startsWith("Arrow"), card = document.activeElement.closest(".card");
  if (comparison.open) {
    if (!event.target.closest("video") && zoomKeys[event.key]) { event.preventDefault(); zoomKeys[event.key](); }
  } else if (dialog.open) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) { event.preventDefault(); step(by); }
    if (event.key === "c" && current.job.prompt) copy(current.job.prompt, $(".ways button", side));
  } else if (typing) {
    if (event.key === "Escape") { filter.blur(); go({ q: "" }, { replace: true }); }
    if (event.key === "ArrowDown" && shown[0]) { event.preventDefault(); $(".open", shown[0]).focus(); }
  } else if (event.target.closest("select, #menu, audio")) {
    return;
  } else if (event.key === "/") {
    event.preventDefault();
    filter.focus();
  } else if (arrow) {
    const next = card || event.key !== "ArrowUp" ? move(event.key) : null;
    if (next && (card || event.key === "ArrowRight")) { event.preventDefault(); $(".open", next).focus(); next.scrollIntoView({ block: "nearest" }); }
  } else if (event.key === "c" && card?.job.prompt) {
    copy(card.job.prompt, $(".copy", card));
  } else if (event.key === "x" && card && !$(".pick", card).hidden) {
    pick(card);
  }
}, true);
