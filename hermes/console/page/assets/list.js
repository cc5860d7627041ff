// A list that is searched while typing and read in pages.

import { call } from "./api.js";
import { el, fill, newId } from "./dom.js";
import { button, empty, errorBox, loading, report, table } from "./ui.js";
import { setQuery } from "./router.js";

const delay = 200; // milliseconds between the last key and the search

// pagedList makes a list of a node's entries. Options:
//
//	label    what is listed, for screen readers
//	node     the node, which takes limit and after
//	params   a function that returns further parameters
//	columns  those of ui.table
//	prepare  a function, perhaps asynchronous, that gets the entries of a page and returns its rows;
//	         if it leaves some out, the list ends there
//	search   the text of the search at first; undefined for a list that cannot be searched
//	pattern  a function that makes the search of that text; by default the text itself
//	keep     whether the address keeps the search; by default it does
//	hint     what can be searched for
//	none     what is shown in the place of an empty list
//	size     how many entries a page has
//
// The element has a method reload, and a method restart that begins with the first page.
export function pagedList({ label, node, params = () => ({}), columns, prepare, search, pattern = (text) => text, keep = true,
  hint, none, size = 50 }) {
  const rows = el("div", { class: "rows" });
  const pages = el("div", { class: "pages" });
  const id = newId();
  const box = search !== undefined && el("input", {
    type: "search", id, name: "search", value: search, placeholder: hint, maxlength: 64, autocomplete: "off", spellcheck: "false",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(restart, delay);
    },
  });
  const root = el("div", { class: "list" },
    box && el("div", { class: "search" }, el("label", { for: id, class: "hidden" }, `Search ${label}`), box), rows, pages);
  let timer = 0;
  let count = 0; // of the loads; an answer that comes late is dropped
  let before = [""]; // the values of after of the pages up to this one

  function restart() {
    before = [""];
    if (keep) setQuery({ search: box.value.trim() });
    load().catch(report);
  }

  async function load() {
    const mine = ++count;
    rows.setAttribute("aria-busy", "true");
    if (!rows.firstChild) fill(rows, loading());
    try {
      const [found, next] = await page();
      if (mine !== count) return;
      fill(rows, found.length > 0 ? table(label, columns, found) : empty(nothing()));
      turn(next);
    } catch (err) {
      if (mine !== count) return;
      if (!err.response) console.error(err);
      fill(rows, errorBox(err));
    } finally {
      if (mine === count) rows.removeAttribute("aria-busy");
    }
  }

  async function page() {
    const asked = { ...params(), limit: size, after: before.at(-1) || null };
    if (box) asked.search = pattern(box.value.trim()) || null;
    try {
      const answer = await call(node, asked);
      const found = prepare ? await prepare(answer.list) : answer.list;
      return [found, found.length < answer.list.length ? undefined : answer.next];
    } catch (err) {
      if (err.cause === "empty") return [[], undefined];
      throw err;
    }
  }

  function nothing() {
    return box && box.value.trim() ? `Nothing matches “${box.value.trim()}”.` : none;
  }

  function turn(next) {
    const back = button("Previous", () => {
      before.pop();
      return load();
    });
    const on = button("Next", () => {
      before.push(next);
      return load();
    });
    back.disabled = before.length === 1;
    on.disabled = !next;
    fill(pages, (next || before.length > 1) && [back, el("span", { class: "muted" }, `Page ${before.length}`), on]);
  }

  root.reload = load;
  root.restart = () => {
    before = [""];
    return load();
  };
  return root;
}
