// Turns each set of framework panels into tabs. Which panel shows is decided by
// the style sheet, from <html data-framework>; this file only follows it.
(() => {
  const root = document.documentElement;
  const labels = { numpy: "NumPy", torch: "PyTorch", tensorflow: "TensorFlow", jax: "JAX" };
  const sets = [];

  const nameOf = (panel) => panel.className.match(/framework-(\w+)/)[1];

  // An attribute of <html>, so that CSS and every set follow at once; the top of
  // the clicked set stays where it was, though sets above it change height.
  const choose = (tab) => {
    const before = tab.getBoundingClientRect().top;
    window.d2lsched.choose(tab.dataset.name);
    show(); // now, not when the observer calls: its notes have a height, too
    forgetAddress();
    scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: "instant" });
  };

  // ?framework=… would win over a later choice at the next reload.
  const forgetAddress = () => {
    const address = new URL(location.href);
    if (!address.searchParams.has("framework")) return;
    address.searchParams.delete("framework");
    try {
      history.replaceState(history.state, "", address);
    } catch {
      // Not allowed from file://.
    }
  };

  // A set that lacks the chosen framework shows its first one, and says that it does.
  const show = () => {
    const wanted = root.dataset.framework;
    for (const { names, tabs, note } of sets) {
      const shown = names.includes(wanted) ? wanted : names[0];
      for (const tab of tabs) {
        const chosen = tab.dataset.name === shown;
        tab.setAttribute("aria-selected", String(chosen));
        tab.tabIndex = chosen ? 0 : -1;
      }
      const text = `There is no ${labels[wanted]} code here; this is ${labels[shown]}’s.`;
      note.textContent = shown === wanted ? "" : text;
    }
  };

  const onKey = (event, tabs) => {
    const here = tabs.indexOf(event.currentTarget);
    const last = tabs.length - 1;
    const targets = {
      ArrowRight: here === last ? 0 : here + 1,
      ArrowLeft: here === 0 ? last : here - 1,
      Home: 0,
      End: last,
    };
    const plain = !(event.ctrlKey || event.altKey || event.metaKey || event.shiftKey);
    if (!plain || !(event.key in targets)) return;
    event.preventDefault();
    const tab = tabs[targets[event.key]];
    choose(tab);
    tab.focus({ preventScroll: true });
  };

  const makeTab = (panel, id) => {
    const tab = document.createElement("button");
    const label = panel.querySelector(".framework-label");
    tab.type = "button";
    tab.id = `${id}-tab`;
    tab.dataset.name = nameOf(panel);
    tab.textContent = label.textContent;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", id);
    panel.id = id;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    return tab;
  };

  const makeList = (panels, index) => {
    const tabs = panels.map((panel) => makeTab(panel, `framework-${index}-${nameOf(panel)}`));
    const list = document.createElement("div");
    list.className = "framework-tablist";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", "Framework");
    for (const tab of tabs) {
      tab.addEventListener("click", () => choose(tab));
      tab.addEventListener("keydown", (event) => onKey(event, tabs));
    }
    list.append(...tabs);
    return { list, tabs };
  };

  const makeSet = (set, index) => {
    const panels = [...set.querySelectorAll(":scope > .framework")];
    const note = document.createElement("p");
    note.className = "framework-note";
    set.prepend(note);
    const names = panels.map(nameOf);
    if (names.length === 1) {
      sets.push({ names, tabs: [], note }); // its label says which it is
      return;
    }
    const { list, tabs } = makeList(panels, index);
    set.prepend(list);
    set.classList.add("with-tabs");
    sets.push({ names, tabs, note });
  };

  // What is wider than a phone scrolls: the keyboard must reach it to do so, and its edge says
  // that there is more.
  const markScroller = (wide) => {
    const hidden = wide.scrollWidth - wide.clientWidth;
    if (hidden > 0) wide.tabIndex = 0;
    wide.classList.toggle("continues", hidden - wide.scrollLeft > 1);
  };

  const watchScrollers = () => {
    const sizes = new ResizeObserver((all) => all.forEach(({ target }) => markScroller(target)));
    for (const wide of document.querySelectorAll("div.math, .output.text_html, .highlight pre")) {
      sizes.observe(wide);
      wide.addEventListener("scroll", () => markScroller(wide), { passive: true });
    }
  };

  document.querySelectorAll(".framework-tabs").forEach(makeSet);
  new MutationObserver(show).observe(root, { attributeFilter: ["data-framework"] });
  show();
  watchScrollers();
})();
