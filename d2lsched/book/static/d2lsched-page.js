// ---- What the theme's markup leaves out, for assistive technology and for copies ------------

const properties = {
  "#pst-primary-sidebar": { role: "complementary", ariaLabel: "The book" },
  "#pst-primary-sidebar-modal": { ariaLabel: "Contents of the book" },
  "#pst-secondary-sidebar-modal": { ariaLabel: "Contents of this page" },
  "#pst-search-dialog": { ariaLabel: "Search" },
  ".btn__icon-container img": { alt: "" }, // beside its name
  "th:empty, th:has(> p:only-child:empty)": { role: "cell" }, // a table's corner
  ".citation": { role: "listitem" }, // docutils' role for it is deprecated
  'a[href$=".ipynb"][target]:not([href*="//"])': { target: "", download: "" },
};
for (const [selector, values] of Object.entries(properties))
  for (const element of document.querySelectorAll(selector)) Object.assign(element, values);
for (const menu of document.querySelectorAll(".article-header-buttons .dropdown-toggle"))
  menu.title = menu.ariaLabel;

// The theme takes the focus from its buttons when they are pressed: right for a mouse, but
// who works by keyboard would lose the place, and no dialog could give the focus back.
for (const button of document.querySelectorAll(
  ".primary-toggle, .secondary-toggle, .theme-switch-button, .search-button",
)) {
  button.blur = () => {
    if (!button.matches(":focus-visible")) HTMLElement.prototype.blur.call(button);
  };
}

// ---- Code: folded or shown, in the whole book -----------------------------------------------

// Before a choice only cells that draw are folded.
(() => {
  const root = document.documentElement;
  const folds = [...document.querySelectorAll("details.code")];
  const button = document.querySelector(".btn-fold-button");

  const show = () => {
    const { code } = root.dataset;
    for (const fold of folds)
      fold.open = code ? code === "shown" : !fold.classList.contains("drawing");
    const text = code === "folded" ? "Show all code" : "Fold all code";
    if (button) Object.assign(button, { ariaLabel: text, title: text });
  };

  window.d2lsched.foldCode = () =>
    window.d2lsched.choose(root.dataset.code === "folded" ? "shown" : "folded", "code");
  new MutationObserver(show).observe(root, { attributeFilter: ["data-code"] });
  if (root.dataset.code) show();
})();
