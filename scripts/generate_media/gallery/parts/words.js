// The page in the reader's language: English stands in it, Chinese comes from a table.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const chinese = /^zh\b/i.test(navigator.language);
const t = (text) => (chinese && CHINESE[text.trim()]) || text;
const make = (name, properties, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};
const translate = (root) => {
  if (!chinese) return;
  for (const element of $$("[data-t]", root)) element.textContent = t(element.textContent);
  for (const element of $$("[aria-label], [placeholder]", root)) {
    for (const name of ["aria-label", "placeholder"]) {
      const text = element.getAttribute(name);
      if (text) element.setAttribute(name, text.startsWith("Open: ") ? t("Open: ") + text.slice(6) : t(text));
    }
  }
};
if (chinese) document.documentElement.lang = "zh-CN";
const language = chinese ? "zh-CN" : undefined;
const still = matchMedia("(prefers-reduced-motion: reduce)");
