// What a reader has chosen lives in one place, attributes of <html>: the framework whose
// panels show, whether code is folded, light or dark. No two parts of a page can disagree.
(() => {
  const kinds = {
    framework: ["numpy", "torch", "tensorflow", "jax"],
    code: ["folded", "shown"],
  };
  const root = document.documentElement;

  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // some browsers refuse storage to file://
    }
  };

  const choose = (name, kind = "framework") => {
    if (!kinds[kind].includes(name)) return;
    root.dataset[kind] = name;
    try {
      localStorage.setItem(`d2lsched-${kind}`, name);
    } catch {
      // The choice then holds for this page only.
    }
  };

  const restore = () => {
    for (const [kind, names] of Object.entries(kinds)) {
      const name = stored(`d2lsched-${kind}`);
      if (names.includes(name)) root.dataset[kind] = name;
    }
  };

  root.dataset.framework = "torch";
  restore();
  choose(new URLSearchParams(location.search).get("framework"));
  window.d2lsched = { choose };

  // The theme's own script comes later: the page would be seen in the wrong colors first.
  const mode = stored("mode") ?? "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;

  // Other open pages, and pages that come back with the Back button, follow.
  addEventListener("storage", restore);
  addEventListener("pageshow", (event) => event.persisted && restore());
})();
