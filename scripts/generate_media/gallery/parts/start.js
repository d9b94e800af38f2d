// Light or dark, then the cards.
const theme = $(".theme"), root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
const remember = (name) => { try { localStorage.setItem("theme", name); } catch { /* private window */ } };
try { root.dataset.theme = localStorage.getItem("theme") || ""; } catch { /* private window */ }
const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
const nameTheme = () => { theme.textContent = t(isDark() ? "Light" : "Dark"); };
theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; remember(root.dataset.theme); nameTheme(); });
dark.addEventListener("change", nameTheme);
nameTheme();

// Each card's own source, before anything is done to it: a page that is served replaces what has changed.
const sources = new WeakMap();
const isLive = "live" in document.body.dataset;
whole = [...grid.children];
cards = whole.filter((item) => item.classList.contains("card"));
for (const card of cards) {
  if (isLive) sources.set(card, card.outerHTML);
  read(card);
}
translate(document.body);
sortList();
cards.forEach(dress);
$(".bar").hidden = false;
$(".keys").hidden = false;
readAddress();

// A page that is served asks once a second whether a job has ended, and takes over what is new.
const live = $(".live");
const renew = async () => {
  const told = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
  const before = new Map(cards.map((card) => [card.job.key, card]));
  const focus = document.activeElement.closest?.(".card")?.job.key;
  whole = [...told.querySelectorAll(".grid > *")].map((item) => {
    const old = before.get(item.dataset.key), source = item.outerHTML;
    if (old && sources.get(old) === source) return old;
    const card = document.adoptNode(item);
    sources.set(card, source);
    if (!card.classList.contains("card")) { translate(card); return card; }
    dress(read(card));
    card.classList.toggle("new", !old);
    return card;
  });
  cards = whole.filter((item) => item.job);
  grid.replaceChildren(...whole);
  order = "";
  $(".counts").textContent = told.querySelector(".counts").textContent;
  apply();
  showTray();
  if (focus && !dialogOpen()) $(".open", cardOf(focus) || document.createElement("i"))?.focus();
};
const watch = async (known) => {
  let version = known;
  try {
    version = await (await fetch("version")).text();
    if (version !== known) await renew();
    live.textContent = t("live");
    live.classList.remove("lost");
  } catch {
    live.textContent = t("the server has stopped");
    live.classList.add("lost");
  }
  setTimeout(watch, document.hidden ? 5000 : 1000, version);
};
if (isLive) {
  live.hidden = false;
  watch(document.body.dataset.live);
}
