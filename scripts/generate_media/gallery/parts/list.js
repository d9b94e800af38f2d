// The cards: what each is, which are shown, in which order; all of it stands in the address.
const grid = $(".grid"), filter = $("#filter"), sort = $("#sort"), kinds = $(".kinds"), facets = $(".facets");
const nothing = $("#nothing"), folder = document.body.dataset.folder;
const KINDS = { image: "Pictures", video: "Clips", audio: "Sounds", failed: "Failed", missing: "Missing", open: "Unfinished" };
const SORTS = { "": "By batch, then newest", newest: "Newest first", oldest: "Oldest first", model: "Model", dear: "Highest cost", cheap: "Lowest cost" };
const FACETS = { model: "Model", ratio: "Ratio", size: "Size", batch: "Batch", cost: "Cost" };
let cards = [], shown = [], state = {};

const words = (text) => text.toLowerCase().normalize("NFKC");
const costOf = (job) => (job.unit ? job.cost.toLocaleString(language) + " " + t(job.unit) : "");
// What a card is, kept on its element; the page tells it as JSON, so that nothing is read out of the layout.
const read = (card) => {
  const job = { model: "", provider: "", ...JSON.parse(card.dataset.job) };
  const prompt = $(".prompt", card);
  card.job = job;
  job.key = card.dataset.key;
  job.kind = card.dataset.kind;
  job.prompt = prompt.classList.contains("none") ? "" : prompt.textContent;
  job.facet = { model: job.model, ratio: job.ratio, size: job.size, batch: job.batch, cost: costOf(job) };
  // Fields are searched one by one: a provider's name only from its beginning, or "video" would find all of skills.video.
  job.search = [job.prompt, job.model, job.seed, job.status, job.id, job.file, job.words, job.code, job.size, job.batch, job.sandbox && "sandbox", ...(job.refs || []).map(([name]) => name)]
    .filter(Boolean).map(words);
  return card;
};
const matches = (job, word) => {
  const [, field, value] = /^(provider|model|seed|batch|status|code):(.+)$/.exec(word) || [];
  if (field) return words(job[field] || "").includes(value);
  const whole = [job.kind, job.ratio, job.line && "#" + job.line];
  return whole.includes(word) || words(job.provider).startsWith(word) || job.search.some((text) => text.includes(word));
};
const fits = (job) =>
  Object.keys(FACETS).every((name) => !state[name] || job.facet[name] === state[name]) &&
  words(state.q || "").split(/\s+/).filter(Boolean).every((word) => matches(job, word));

// Credits are no tokens: each unit by itself, then what nobody knows the cost of.
const unitOf = (job) => (job.unit || "").replace(/s$/, "");
const byUnit = (a, b) => !a.unit - !b.unit || unitOf(a).localeCompare(unitOf(b));
const orders = {
  newest: (a, b) => (b.time || 0) - (a.time || 0),
  oldest: (a, b) => (a.time || 0) - (b.time || 0),
  model: (a, b) => a.model.localeCompare(b.model) || orders.newest(a, b),
  dear: (a, b) => byUnit(a, b) || b.cost - a.cost || orders.newest(a, b),
  cheap: (a, b) => byUnit(a, b) || a.cost - b.cost || orders.newest(a, b),
};
let order = "";
let whole = []; // cards and headings as the page was made
const arrange = () => {
  const wanted = orders[state.sort] ? state.sort : "";
  if (order !== wanted) grid.replaceChildren(...(wanted ? [...cards].sort((a, b) => orders[wanted](a.job, b.job)) : whole));
  order = wanted;
};

// The head's numbers stand in the page in English.
const tellCounts = () => {
  if (!chinese) return;
  const rows = Object.entries(KINDS).map(([kind, name]) => [t(name), cards.filter((card) => card.job.kind === kind).length]);
  $(".counts").textContent = rows.filter(([, count]) => count).map(([name, count]) => `${name} ${count}`).join(" · ");
};
// Made anew only when it differs, or an open list would close; the focus stays where it was.
const fill = (list, items) => {
  const wanted = items.map((item) => item.outerHTML).join("");
  if (list.filled === wanted) return;
  list.filled = wanted;
  const had = list.contains(document.activeElement) && document.activeElement.dataset;
  list.replaceChildren(...items);
  items.find((item) => had && item.dataset.kind === had.kind && item.dataset.facet === had.facet)?.focus();
};
const kindButtons = (counts) => {
  const rows = [["", "All", cards.length], ...Object.entries(KINDS).map(([kind, name]) => [kind, name, counts[kind]])];
  fill(kinds, rows.filter(([kind, , count]) => count || !kind || kind === state.kind).map(([kind, name, count]) => {
    const button = make("button", { type: "button" }, t(name) + " ", make("small", { textContent: count || 0 }));
    button.dataset.kind = kind;
    button.setAttribute("aria-pressed", String(kind === (state.kind || "")));
    return button;
  }));
  kinds.hidden = rows.filter(([, , count]) => count).length < 3;
};
const facetLists = () => {
  const lists = Object.entries(FACETS).map(([name, title]) => {
    const values = [...new Set(cards.map((card) => card.job.facet[name]).filter(Boolean))];
    const parts = values.length + cards.some((card) => !card.job.facet[name]);
    if ((parts < 2 || !values.length) && !state[name]) return null;
    if (state[name] && !values.includes(state[name])) values.push(state[name]);
    values.sort((a, b) => a.localeCompare(b, language, { numeric: true }));
    const select = make("select", {}, make("option", { value: "", textContent: t(title) }));
    select.append(...values.map((value) => make("option", { value, textContent: t(value), defaultSelected: value === state[name] })));
    select.dataset.facet = name;
    select.setAttribute("aria-label", t(title));
    select.classList.toggle("set", Boolean(state[name]));
    return select;
  });
  fill(facets, lists.filter(Boolean));
};
const sortList = () => sort.replaceChildren(...Object.entries(SORTS).map(([value, name]) => make("option", { value, textContent: t(name) })));

const apply = () => {
  arrange();
  const counts = {};
  const here = new Set();
  for (const card of cards) {
    const fit = fits(card.job);
    if (fit) counts[card.job.kind] = (counts[card.job.kind] || 0) + 1;
    card.hidden = !fit || Boolean(state.kind && state.kind !== card.job.kind);
    if (!card.hidden) here.add(card.job.group || "");
  }
  shown = [...grid.children].filter((card) => card.job && !card.hidden);
  let group = null;
  for (const item of grid.children) {
    if (!item.job) { group = item; continue; }
    if (group) { group.hidden = !here.has(item.job.group || ""); group = null; }
  }
  tellCounts();
  kindButtons(counts);
  facetLists();
  if (sort.value !== order) sort.value = order;
  if (filter.value !== (state.q || "")) filter.value = state.q || "";
  nothing.hidden = shown.length > 0;
  nothing.textContent = t(cards.length ? "Nothing matches." : "No results in this folder yet.");
  const of = shown.length === cards.length ? String(cards.length) : shown.length + " / " + cards.length;
  const told = of + " " + t("shown");
  if ($(".found").textContent !== told) $(".found").textContent = told;
};

// The address keeps filter, order, and what is open: index.html#q=cat&kind=video&open=…
const NAMES = ["q", "kind", ...Object.keys(FACETS), "sort", "open", "compare"];
const address = () => {
  const wanted = new URLSearchParams();
  for (const name of NAMES) if (state[name]) wanted.set(name, state[name]);
  const text = String(wanted);
  return text ? "#" + text : location.pathname + location.search;
};
const readAddress = () => {
  const found = new URLSearchParams(location.hash.slice(1));
  state = Object.fromEntries(NAMES.map((name) => [name, found.get(name) || ""]));
  apply();
  showState();
};
// Each step can be gone back to, but not each letter of a word, nor each picture passed in the large view.
const go = (changes, { replace = false } = {}) => {
  state = { ...state, ...changes };
  history[replace ? "replaceState" : "pushState"](null, "", address());
  apply();
  showState();
};
const cardOf = (key) => cards.find((card) => card.job.key === key);
const showState = () => { showLarge(cardOf(state.open)); showCompare(); };

filter.addEventListener("input", () => go({ q: filter.value }, { replace: true }));
sort.addEventListener("change", () => go({ sort: sort.value }));
facets.addEventListener("change", (event) => go({ [event.target.dataset.facet]: event.target.value }));
kinds.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) go({ kind: button.dataset.kind });
});
addEventListener("popstate", readAddress);
