// The reader's framework lives in one place: <html data-framework="…">.
// The style sheet shows its panels, so no two sets of tabs can disagree.
(() => {
  const names = ["numpy", "torch", "tensorflow", "jax"];
  const key = "d2lsched-framework";
  const root = document.documentElement;

  const stored = () => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // some browsers refuse storage to file://
    }
  };

  const choose = (name) => {
    if (!names.includes(name)) return;
    root.dataset.framework = name;
    try {
      localStorage.setItem(key, name);
    } catch {
      // The choice then holds for this page only.
    }
  };

  const restore = () => {
    const name = stored();
    if (names.includes(name)) root.dataset.framework = name;
  };

  root.dataset.framework = "torch";
  restore();
  choose(new URLSearchParams(location.search).get("framework"));
  window.d2lsched = { choose };

  // Other open pages, and pages that come back with the Back button, follow.
  addEventListener("storage", restore);
  addEventListener("pageshow", (event) => event.persisted && restore());
})();
