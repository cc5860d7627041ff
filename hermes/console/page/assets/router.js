// Shows the view that the address names: #/VIEW/ARGUMENT?QUERY.

import { el } from "./dom.js";
import { errorBox, loading } from "./ui.js";

const views = {};
let main = null;
let count = 0; // of the views shown; a view that was left before it was ready is dropped
let current = {};

// define names a view. Its function gets an element to fill, the argument of the address or "",
// and the query as an object. It may be asynchronous, and its error is shown in its place.
export function define(name, title, make) {
  views[name] = { title, make };
}

// start shows views in an element.
export function start(element, fallback) {
  main = element;
  current.fallback = fallback;
  onhashchange = () => open(true);
  return open(false);
}

// stop shows nothing any more.
export function stop() {
  main = null;
  count += 1;
  onhashchange = null;
}

// go opens a view. If it is open already, it is shown anew.
export function go(path) {
  if (location.hash === path) open(true);
  else location.hash = path;
}

// refresh shows the same view with what the server has now. What is there stays until then.
export function refresh() {
  return main ? open(false, true) : undefined;
}

// setQuery changes parts of the query of the address without opening the view anew.
export function setQuery(query) {
  const [path] = location.hash.split("?");
  const given = Object.entries({ ...parse().query, ...query }).filter(([, value]) => value);
  const text = new URLSearchParams(given).toString();
  history.replaceState(null, "", text ? `${path}?${text}` : path);
}

function parse() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  return { name, argument: decode(rest.join("/")), query: Object.fromEntries(new URLSearchParams(query)) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function open(moved, quietly = false) {
  const mine = ++count;
  let { name, argument, query } = parse();
  if (!views[name]) {
    name = current.fallback;
    history.replaceState(null, "", `#/${name}`);
  }
  const { title, make } = views[name];
  const root = el("div", { class: "view", "data-view": name });
  for (const a of document.querySelectorAll("nav a")) {
    if (a.getAttribute("href") === `#/${name}`) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  document.title = `${argument || title} – Hermes`;
  if (moved) for (const d of document.querySelectorAll("dialog")) d.close();
  main.setAttribute("aria-busy", "true");
  if (!quietly) main.replaceChildren(loading());
  try {
    await make(root, argument, query);
  } catch (err) {
    if (!err.response) console.error(err);
    root.append(el("h1", { tabindex: "-1" }, title), errorBox(err));
  }
  if (mine !== count || !main) return;
  main.removeAttribute("aria-busy");
  main.replaceChildren(root);
  root.setAttribute("data-ready", "");
  if (moved) {
    scrollTo(0, 0);
    root.querySelector("h1")?.focus();
  }
}
