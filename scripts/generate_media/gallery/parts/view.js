// The large view: PhotoSwipe zooms, swipes and drags; clips, sounds, words and the panel are ours.
const dialog = $("#dialog"), stage = $(".stage"), side = $(".side");
let large = null, current = null, viewed = []; // what is gone through: the cards as they were when it was opened

const slideOf = (card) => {
  const picture = $(".frame img", card), job = card.job;
  if (!picture) return { card };
  const ratio = picture.naturalHeight ? picture.naturalWidth / picture.naturalHeight : 1;
  return {
    card, src: picture.dataset.src || picture.getAttribute("src"), msrc: picture.currentSrc || undefined, alt: job.prompt,
    width: job.w || Math.round(1600 * Math.min(1, ratio)), height: job.h || Math.round(1600 * Math.min(1, 1 / ratio)),
  };
};
const otherSlide = (card) => {
  const slide = make("div", { className: "slide" });
  const media = $(".frame video, .frame audio", card);
  if (media) {
    const player = make(media.localName, { src: media.dataset.src || media.getAttribute("src"), preload: "metadata", playsInline: true });
    if (media.localName === "video") Object.assign(player, { muted: true, loop: true, poster: media.poster });
    slide.append(player);
  } else {
    const note = $(".note", card).cloneNode(true);
    note.classList.add(card.className.replace("card", "").trim());
    slide.append(note);
  }
  return slide;
};
const play = (content, on) => {
  const player = content?.element?.querySelector?.("video, audio");
  if (!player) return;
  player.controls = on;
  if (on && !still.matches && player.localName === "video") player.play().catch(() => {});
  if (!on) player.pause();
};

const when = (job) => job.time && new Date(job.time * 1000).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
const FACTS = [
  ["Model", (job) => job.model], ["Provider", (job) => job.provider], ["Seed", (job) => job.seed],
  ["Size", (job) => job.w && [`${job.w} × ${job.h}`, job.ratio, job.size && t(job.size)].filter(Boolean).join(" · ")],
  ["Length", (job) => job.seconds && `${+job.seconds.toFixed(2)} s`],
  ["File size", (job) => job.bytes && (job.bytes >= 1e6 ? (job.bytes / 1e6).toFixed(1) + " MB" : Math.ceil(job.bytes / 1e3) + " kB")],
  ["Cost", costOf],
  ["Sent", (job) => job.kind === "open" && when(job)], ["Made", (job) => !["open", "failed"].includes(job.kind) && when(job)],
  ["Ended", (job) => job.kind === "failed" && when(job)],
  ["Took", (job) => job.took && `${job.took} s`],
  ["Batch", (job) => job.batch && `${job.batch} · ${t("line")} ${job.line}`],
  ["Status", (job) => job.status], ["Code", (job) => job.code], ["Id", (job) => job.id],
];
const facts = (card) => FACTS.flatMap(([name, value]) => {
  const text = value(card.job);
  return text ? [make("dt", { textContent: t(name) }), make("dd", { textContent: text })] : [];
});
const fileFact = (card) => {
  const media = $(".frame img, .frame video, .frame audio", card);
  if (!media || !card.job.file) return [];
  const link = make("a", { href: media.dataset.src || media.getAttribute("src"), textContent: card.job.file });
  return [make("dt", { textContent: t("File") }), make("dd", {}, link)];
};
const copyButton = (name, text) => {
  const button = make("button", { type: "button", textContent: t(name) });
  button.addEventListener("click", () => copy(text, button));
  return button;
};
const way = (title, text) => (text ? [make("div", { className: "way" }, make("b", { textContent: t(title) }), preOf(text), copyButton("Copy command", text))] : []);
const preOf = (text) => Object.assign(make("pre", { textContent: text }), { tabIndex: 0 });
const panel = (card) => {
  const job = card.job, prompt = $(".prompt", side), source = $(".prompt", card);
  prompt.textContent = source.textContent;
  prompt.className = source.className;
  prompt.tabIndex = 0;
  const short = make("div", {}, ...copies(job).filter(([name]) => !name.includes("command"))
    .map(([name, text]) => copyButton(name, text)));
  $(".ways", side).replaceChildren(short, ...way("What helps", job.way), ...way("Make it again, exactly", job.again), ...way("Make another version", job.vary));
  const refs = (job.refs || []).map(([name, link]) => {
    const from = link && cards.find((other) => other.job.file && ($(".frame [data-src]", other)?.dataset.src || $(".frame img", other)?.getAttribute("src")) === link);
    const small = from && ($(".frame img", from)?.currentSrc || $(".frame img", from)?.src || $(".frame video", from)?.poster);
    return small ? make("img", { src: small, alt: name, title: name }) : make("span", { textContent: name });
  });
  $(".refs", side).replaceChildren(make("span", { textContent: t("Made from") }), ...refs);
  $(".refs", side).hidden = !refs.length;
  $("dl", side).replaceChildren(...facts(card), ...fileFact(card));
  $("nav span", side).textContent = viewed.indexOf(card) + 1 + " / " + viewed.length;
  $("[data-step='-1']", side).disabled = viewed[0] === card;
  $("[data-step='1']", side).disabled = viewed.at(-1) === card;
  side.scrollTop = 0;
};

const endLarge = () => {
  const was = large;
  large = null;
  was?.destroy();
  stage.replaceChildren();
};
const openLarge = (card) => {
  endLarge();
  viewed = shown.includes(card) ? shown : [...shown, card];
  dialog.showModal();
  const pswp = new PhotoSwipe({
    dataSource: viewed.map(slideOf), index: viewed.indexOf(card), appendToEl: stage, loop: false, preload: [1, 1],
    getViewportSizeFn: () => ({ x: stage.clientWidth, y: stage.clientHeight }),
    escKey: false, arrowKeys: false, trapFocus: false, returnFocus: false, close: false, counter: false,
    showHideAnimationType: "none", bgOpacity: 1, bgClickAction: "close", tapAction: "toggle-controls",
    zoomAnimationDuration: still.matches ? 0 : 250, maxZoomLevel: 4, wheelToZoom: true, padding: { top: 12, bottom: 12, left: 12, right: 12 },
    arrowPrevTitle: t("Previous"), arrowNextTitle: t("Next"), zoomTitle: t("Zoom"), errorMsg: t("The picture cannot be shown"),
  });
  pswp.on("contentLoad", (event) => {
    if (event.content.data.src) return;
    event.preventDefault();
    event.content.element = otherSlide(event.content.data.card);
  });
  pswp.on("contentActivate", ({ content }) => play(content, true));
  pswp.on("contentDeactivate", ({ content }) => play(content, false));
  // A finger on a player's buttons does not drag the slide.
  pswp.on("pointerDown", (event) => { if (event.originalEvent.target.closest("video, audio, .note")) event.preventDefault(); });
  pswp.on("change", () => {
    current = pswp.currSlide.data.card;
    panel(current);
    if (state.open !== current.job.key) go({ open: current.job.key }, { replace: true });
  });
  pswp.on("close", () => { if (large === pswp) close(); });
  large = pswp;
  pswp.init();
  pswp.element.removeAttribute("role");
};
const close = () => { if (state.open) go({ open: "" }); };
const showLarge = (card) => {
  if (!card) { if (dialog.open) dialog.close(); return; }
  if (!dialog.open) openLarge(card);
  else if (current !== card && viewed.includes(card)) large.goTo(viewed.indexOf(card));
};
const step = (by) => large?.[by < 0 ? "prev" : "next"]();

dialog.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("close" in button.dataset) close();
  else if (button.dataset.step) step(Number(button.dataset.step));
});
dialog.addEventListener("close", () => {
  if (dialog.open) return; // the event comes late: another card is open already
  endLarge();
  if (state.open) close();
  const seen = current && cardOf(current.job.key);
  if (seen) { $(".open", seen).focus(); seen.scrollIntoView({ block: "nearest" }); }
});
