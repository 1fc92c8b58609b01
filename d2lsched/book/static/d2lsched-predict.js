// The first answer that a reader opens is the prediction. Nothing is stored or sent.
for (const box of document.querySelectorAll(".predict")) {
  const mark = document.createElement("span");
  mark.className = "predict-yours";
  mark.setAttribute("role", "status");
  box.addEventListener("toggle", ({ target }) => {
    if (!target.open || mark.isConnected) return;
    target.querySelector("summary").append(mark);
    mark.textContent = "your prediction";
  }, true);
}
