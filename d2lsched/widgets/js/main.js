// Where the lab begins: in JupyterLab anywidget calls render, in a page of the book every element
// of the class "schedule-lab" is filled, and its state kept in the page's address.

import { button } from "./controls.js";
import { make } from "./elements.js";
import { Lab } from "./lab.js";
import { copyText } from "./sections.js";
import { fromLink, toLink } from "./state.js";

function render({ model, el }) {
  const root = make("div", { className: "schedule-lab" });
  el.append(root);
  let own; // what the page itself sent must not come back as news
  const lab = new Lab(root, model.get("state"), (state) => {
    own = JSON.stringify(state);
    model.set("state", JSON.parse(own));
    model.save_changes();
  }, () => fromKernel(model));
  const follow = () => {
    const news = JSON.stringify(model.get("state"));
    if (news !== own) lab.setState(JSON.parse((own = news)));
  };
  model.on("change:state", follow);
  return () => model.off("change:state", follow);
}
export default { render };

/** The images, sent by the kernel. */
function fromKernel(model) {
  return new Promise((resolve) => {
    const hear = (message, [buffer]) => {
      model.off("msg:custom", hear);
      resolve({ ...message, bytes: new Uint8Array(buffer.buffer ?? buffer) });
    };
    model.on("msg:custom", hear);
    model.send({ wanted: "images" });
  });
}

// A script element is all that can bring a file to a page that was itself opened as a file.
function fromBook() {
  const { content_root: root = "" } = document.documentElement.dataset;
  const src = `${root}_static/d2lsched-images.js`;
  return new Promise((resolve, reject) => {
    const loaded = () => {
      const { text, ...images } = globalThis.d2lschedImages;
      resolve({ ...images, bytes: Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)) });
    };
    if (globalThis.d2lschedImages) return loaded();
    const script = make("script", { src, onload: loaded });
    script.onerror = () => reject(new Error(`${src} is not there`));
    return document.head.append(script);
  });
}

// ---- In a page of the book: every element of the class, its state in a link ------------------

function mount(root, index) {
  const id = index ? `lab-${index + 1}` : "lab";
  const given = JSON.parse(root.querySelector("script").textContent);
  let waiting;
  const write = (state) => { // browsers refuse an address that changes with every pixel of a drag
    clearTimeout(waiting);
    waiting = setTimeout(() => setAddress(`#${toLink(id, state)}`), 250);
  };
  const lab = new Lab(root, given, write, fromBook);
  const follow = () => {
    try {
      const linked = fromLink(id, location.hash.slice(1));
      if (!linked) return;
      lab.setState(linked);
    } catch (error) {
      lab.say(`The link to this lab cannot be read, so it changes nothing: ${error.message}.`, true);
    }
    root.scrollIntoView();
  };
  const link = make("input", { type: "text", readOnly: true, hidden: true, className: "lab-link",
    "aria-label": "Link to this setting" });
  const select = () => {
    link.hidden = false;
    link.focus();
    link.select();
  };
  const share = button("Copy link", () => {
    clearTimeout(waiting);
    setAddress(`#${toLink(id, lab.state)}`);
    link.value = location.href;
    copyText(lab, link.value, "Link copied: it holds this setting.", { select });
  });
  lab.actions.append(share, link);
  if (!index) offerTraining(lab);
  addEventListener("hashchange", follow);
  follow();
}

/** In a chapter's section on training: its comparison, as the lab above has it, with one press. */
function offerTraining(lab) {
  const heading = document.querySelector("#training-mnist > :is(h2, h3)");
  const names = lab.beginning.schedules.map(({ name }) => name).join(", ");
  heading?.after(make("p", { className: "lab-offer" },
    button(`Train in this page: ${names}`, () => {
      lab.change(lab.beginning);
      lab.trainer.offer();
    })));
}

function setAddress(hash) {
  try {
    history.replaceState(history.state, "", hash);
  } catch {
    location.replace(hash); // some browsers refuse the other from file://
  }
}

for (const [index, root] of document.querySelectorAll(".schedule-lab").entries())
  if (root.querySelector("script") && !root.classList.contains("lab-ready")) mount(root, index);
