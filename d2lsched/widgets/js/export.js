// What is shown, as files: the numbers as CSV, the plots as SVG.

const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A row for each update: the rate that it uses, and the expected loss that it starts from. */
export function asCsv(shown, updates) {
  const columns = shown.flatMap(({ name, rates, loss }) =>
    [[`${name}: rate`, rates], [`${name}: expected loss`, loss]]);
  const rows = Array.from({ length: updates + 1 }, (_, t) =>
    [t, ...columns.map(([, values]) => values[t] ?? "")].join(","));
  return [["update", ...columns.map(([head]) => quoted(head))].join(","), ...rows, ""].join("\n");
}

const STYLED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray",
  "stroke-linejoin", "font-family", "font-size", "font-weight"];

/** The plots beside each other as one drawing that needs no style sheet. */
export function asSvg(plots, background) {
  let left = 0, height = 0;
  const parts = plots.map((svg) => {
    const copy = svg.cloneNode(true), originals = svg.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((element, i) => {
      const style = getComputedStyle(originals[i]);
      const own = STYLED.map((name) => `${name}:${style.getPropertyValue(name)}`);
      element.setAttribute("style", own.join(";"));
    });
    const { width, height: own } = svg.viewBox.baseVal;
    copy.setAttribute("x", left);
    copy.setAttribute("width", width);
    copy.setAttribute("height", own);
    left += width + 16;
    height = Math.max(height, own);
    return new XMLSerializer().serializeToString(copy);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left}" height="${height}" ` +
    `viewBox="0 0 ${left} ${height}"><rect width="100%" height="100%" fill="${background}"/>` +
    `${parts.join("")}</svg>\n`;
}

export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
