// What Sphinx's search lacks, on the page of its results.
(() => {
  // ---- Summaries: the text of the chapter, without what stands around it ----------------------

  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const frame = ".headerlink, script, style, noscript, button, summary, .onlyprint, .downloads";
    for (const part of page.querySelectorAll(frame)) part.remove();
    const article = page.querySelector("article");
    const found = (anchor && article?.querySelector(anchor)) || article;
    return found ? found.textContent.replace(/\s+/g, " ") : "";
  };

  // ---- Typing errors: a word that the book has not is replaced by the nearest that it has ------

  /** How many letters to add, leave out, replace or exchange with the next to make b of a. */
  function distance(a, b) {
    let [before, last] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
    for (let i = 1; i <= a.length; i++) {
      const row = [i];
      for (let j = 1; j <= b.length; j++) {
        row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
          row[j] = Math.min(row[j], before[j - 2] + 1);
      }
      [before, last] = [last, row];
    }
    return last[b.length];
  }

  /** The words of the book: of its titles and names as they stand, of its text as their stems. */
  function vocabulary({ alltitles, objects, terms, titleterms }) {
    const names = Object.entries(objects).flatMap(([prefix, all]) =>
      all.map((entry) => `${prefix} ${entry[4]}`));
    const words = splitQuery([...Object.keys(alltitles), ...names].join(" ").toLowerCase());
    return new Set([...words, ...Object.keys(titleterms), ...Object.keys(terms)]);
  }

  /** The nearest word of the book, or the word itself if the book has it or nothing like it. */
  function nearest(word, known) {
    const stem = new Stemmer().stemWord(word);
    if (word.length < 4 || /\d/.test(word)) return word;
    let [best, least] = [word, word.length < 8 ? 1.5 : 2.5];
    for (const other of known) {
      if (other.includes(stem)) return word;
      if (Math.abs(other.length - word.length) >= least) continue;
      const steps = Math.min(distance(word, other), distance(stem, other) + 0.5);
      if (steps < least) [best, least] = [other, steps];
    }
    return best;
  }

  const query = Search.query;
  Search.query = (text) => {
    const known = vocabulary(Search._index);
    const words = splitQuery(text.toLowerCase());
    const meant = words.map((word) => nearest(word, known)).join(" ");
    if (meant === words.join(" ")) return query(text);
    const note = document.createElement("p");
    note.className = "search-corrected";
    const instead = Object.assign(document.createElement("b"), { textContent: meant });
    note.append(`The book does not say “${text}”. These are the results for `, instead, ".");
    Search.output.before(note);
    query(meant);
  };
})();
