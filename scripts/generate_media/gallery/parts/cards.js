// What a card does by itself: clips load when asked for, a picture without its thumbnail shows the file, copying.
const menu = $("#menu");
const dialogOpen = () => $("dialog[open]");

const wake = (clip) => { if (!clip.src) clip.src = clip.dataset.src + (clip.poster ? "" : "#t=0.1"); };
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    target.preload = "metadata";
    wake(target);
  }
}, { rootMargin: "400px" });
const dress = (card) => {
  const clip = $(".frame video", card), picture = $(".frame img", card);
  if (clip) {
    clip.controls = false;
    if (!clip.poster) near.observe(clip);
    card.addEventListener("pointerenter", () => { if (!still.matches) { wake(clip); clip.play().catch(() => {}); } });
    card.addEventListener("pointerleave", () => clip.pause());
  }
  if (picture?.dataset.src) picture.addEventListener("error", () => { picture.src = picture.dataset.src; }, { once: true });
  $(".copy", card).hidden = !copies(card.job).length;
  $(".pick", card).hidden = !picture && !clip;
  translate(card);
};

const pathOf = (job) => (job.file ? folder + job.file : "");
const copies = (job) => [
  ["Copy prompt", job.prompt],
  ["Copy path", pathOf(job)],
  ["Copy the command that helps", job.way],
  ["Copy the command that makes it again", job.again],
  ["Copy the command that varies it", job.vary],
].filter(([, text]) => text);

const copy = async (text, button) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    (dialogOpen() || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  if (!button) return;
  const before = (button.dataset.label ||= button.textContent);
  button.textContent = t("Copied");
  button.classList.add("done");
  setTimeout(() => { button.textContent = before; button.classList.remove("done"); }, 1200);
};

const openMenu = (card, button) => {
  menu.replaceChildren(...copies(card.job).map(([name, text]) => {
    const item = make("button", { type: "button", textContent: t(name) });
    item.setAttribute("role", "menuitem");
    item.addEventListener("click", () => { menu.hidePopover(); button.focus(); copy(text, button); });
    return item;
  }));
  if (!menu.children.length) return;
  menu.showPopover();
  const at = button.getBoundingClientRect(), { offsetWidth: wide, offsetHeight: high } = menu;
  menu.style.left = Math.max(8, Math.min(at.right - wide, innerWidth - wide - 8)) + "px";
  menu.style.top = (at.bottom + high + 8 > innerHeight ? Math.max(8, at.top - high - 4) : at.bottom + 4) + "px";
  menu.firstChild.focus();
};
menu.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  const items = [...menu.children];
  items[(items.indexOf(document.activeElement) + by + items.length) % items.length].focus();
});
menu.addEventListener("toggle", (event) => { if (event.newState === "closed" && document.activeElement === document.body) shown[0] && $(".open", shown[0]).focus(); });

grid.addEventListener("click", (event) => {
  const card = event.target.closest(".card"), button = event.target.closest("button");
  if (!card || !button) return;
  if (button.classList.contains("copy")) openMenu(card, button);
  else if (button.classList.contains("pick")) pick(card);
  else go({ open: card.job.key });
});
