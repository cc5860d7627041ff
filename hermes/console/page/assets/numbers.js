// The view of the number pool.

import { call, inBatches, optional } from "./api.js";
import { find, may, principal } from "./catalog.js";
import { ask } from "./dialog.js";
import { el, fill, link, newId, userPath, when } from "./dom.js";
import { credentials } from "./session.js";
import { pagedList } from "./list.js";
import { refresh, setQuery } from "./router.js";
import { badge, button, card, empty, heading, into, toast } from "./ui.js";

const states = ["assigned", "held", "cooling", "free"]; // in the order of a bar
const blockDigits = 4; // a block is the numbers that differ in their last digits only
const maxBlocks = 40;
const sample = 200; // how many numbers of a kind are looked at to find blocks
const storageName = "hermes-prefixes"; // in this browser: the prefixes that were added by hand

export async function numbersView(root, _, query) {
  const bars = el("div", { class: "bars" });
  root.append(
    heading("Numbers", [
      may("number/hold") && button("Hold a number", () => hold()),
      may("number/add_range") && button("Add a range", addRange, "primary"),
    ]),
    card("Prefixes", button("Add a prefix", addPrefix, "small"), bars), pool(query));
  await into(bars, allBars);
}

// allBars makes a bar of each prefix, and one of everything.
async function allBars() {
  const marks = await lowWater();
  const blocks = await findBlocks(marks);
  const rows = [["", await call("number/stats")]];
  const stats = new Map();
  await inBatches(blocks, async (prefix) => stats.set(prefix, (await optional("number/stats", { search: `${prefix}*` }))[0]));
  for (const prefix of blocks) {
    if (stats.get(prefix)) rows.push([prefix, stats.get(prefix)]);
  }
  if (rows.length === 1 && rows[0][1].total + rows[0][1].assigned === 0) {
    return empty("There are no numbers yet.", may("number/add_range") && " Add a range of them.");
  }
  return [
    el("p", { class: "legend" }, states.map((s) => [el("span", { class: `dot ${s}` }), `${s} `])),
    rows.map(([prefix, s]) => bar(prefix, s, marks.get(prefix))),
    blocks.length === maxBlocks && el("p", { class: "hint" }, "There may be more prefixes: add the ones that you look for."),
  ];
}

function bar(prefix, stats, mark) {
  const all = states.reduce((sum, s) => sum + stats[s], 0);
  const strip = el("div", { class: "bar-strip", "aria-hidden": "true" }, states.filter((s) => stats[s] > 0).map((s) => {
    const part = el("span", { class: `part ${s}` });
    part.style.flexGrow = stats[s];
    return part;
  }));
  const low = mark !== undefined && stats.free < mark;
  return el("div", { class: "bar-row", "data-prefix": prefix },
    el("div", { class: "bar-name" }, prefix ? el("strong", null, prefix, "…") : el("strong", null, "All numbers"),
      mark !== undefined && badge(low ? `low: fewer than ${mark} free` : `low-water mark ${mark}`, low ? "warn" : "")),
    strip,
    el("div", { class: "bar-counts" }, all === 0 ? "none" : states.map((s) => el("span", null, `${stats[s].toLocaleString("en")} ${s}`))));
}

// findBlocks returns the prefixes to show. No node lists them, so they are found from samples of
// the pool and of the aliases; those of the scope, of the low-water marks and of this browser come
// with them.
async function findBlocks(marks) {
  const found = new Set([...marks.keys(), ...(principal().numbers || []), ...ownPrefixes()]);
  const asked = [
    ["number/list", { limit: sample }], ["number/list", { random: "true", limit: sample }],
    ["number/list", { state: "held", limit: sample }], ["number/list", { state: "cooling", limit: sample }],
    ["alias/list", { ...(canSearchAliases() && { search: "+*" }), limit: sample }],
  ].filter(([node]) => may(node));
  await inBatches(asked, async ([node, params]) => {
    const [answer] = await optional(node, params);
    for (const entry of answer?.list || []) {
      const number = (entry.alias || entry).split("@")[0];
      if (/^\+[0-9]{7,}$/.test(number)) found.add(number.slice(0, -blockDigits));
    }
  });
  return [...found].sort().slice(0, maxBlocks);
}

// lowWater returns the low-water marks of the server by prefix.
async function lowWater() {
  const res = await fetch("low_water", { method: "POST", body: new URLSearchParams(credentials()), cache: "no-store" });
  const { list } = res.ok ? await res.json() : { list: [] };
  return new Map(list.map(({ prefix, count }) => [prefix, count]));
}

function ownPrefixes() {
  try {
    return JSON.parse(localStorage.getItem(storageName)) || [];
  } catch {
    return [];
  }
}

function addPrefix() {
  ask({
    title: "Add a prefix", about: "The bars show this prefix too, in this browser.", action: "Add",
    fields: [{ name: "prefix", label: "Prefix", value: "+", required: true, pattern: "\\+[1-9][0-9]*", hint: "Such as +4773. One that is there already is taken away." }],
    submit: ({ prefix }) => {
      const others = ownPrefixes().filter((p) => p !== prefix);
      localStorage.setItem(storageName, JSON.stringify(others.length < ownPrefixes().length ? others : [...others, prefix]));
      refresh();
    },
  });
}

// pool makes the list of the numbers in one state.
function pool(query) {
  const id = newId();
  const box = el("div");
  const select = el("select", { id, name: "state", onchange: () => {
    setQuery({ state: select.value, search: "" });
    show();
  } },
  ["free", "held", "cooling", "assigned"].filter((s) => may(s === "assigned" ? "alias/list" : "number/list"))
    .map((s) => el("option", { value: s, selected: s === query.state }, s)));
  const show = (search = "") => {
    const list = select.value === "assigned" ? assigned(search) : inState(select.value, search);
    fill(box, list);
    return list.reload();
  };
  if (!select.firstChild) return null;
  show(query.search);
  return card("Numbers", [el("label", { for: id }, "State"), select], box);
}

function inState(state, search) {
  const list = pagedList({
    label: `${state} numbers`, node: "number/list", params: () => ({ state }), search, hint: "Search, such as 4711 or +4773*", size: 20, none: `No number is ${state}.`,
    columns: [
      ["Number", (n) => el("span", { class: "address" }, n)],
      ["", (n) => [
        state === "free" && may("number/hold") && button("Hold", () => hold(n), "small"),
        state === "held" && may("number/unhold") && button("End the hold", async () => {
          await call("number/unhold", { number: n });
          refresh();
        }, "small"),
        state === "free" && may("number/remove") && button("Remove", () => remove(n), "small"),
      ]],
    ],
  });
  return list;
}

// canSearchAliases reports whether the server's alias/list has a search. In the order of the list
// the numbers come first in any case.
function canSearchAliases() {
  return find("alias/list").parameters.some((p) => p.name === "search");
}

function assigned(search) {
  return pagedList({
    label: "assigned numbers", node: "alias/list", search: canSearchAliases() ? search : undefined, pattern: (text) => (text.startsWith("+") ? text.replace(/\**$/, "*") : `+*${text}*`),
    hint: "Search, such as 4711 or +4773*", size: 20, none: "No number is assigned.",
    prepare: (rows) => rows.filter((a) => /^\+[0-9]+@/.test(a.alias)),
    columns: [
      ["Number", (a) => el("span", { class: "address" }, a.alias)],
      ["Leads to", (a) => (may("user/show") ? link(userPath(a.destination), a.destination) : a.destination)],
      ["", (a) => may("number/release") && button("Release", () => release(a), "small")],
    ],
  });
}

function release({ alias, destination }) {
  ask({
    title: `Release ${alias}`, about: `Calls to it do not reach ${destination} any more, and the number returns to the pool.`, action: "Release",
    submit: async () => {
      const { number } = await call("number/release", { alias });
      toast(`${number} is back in the pool.`);
      refresh();
    },
  });
}

function hold(number = "") {
  ask({
    title: number ? `Hold ${number}` : "Hold a number",
    about: "A held number is yours to assign for a while: it is given to no other principal.",
    fields: [
      !number && { name: "wish", label: "Number or pattern", hint: "Such as +4773500001, or +4773* for the first that begins so. Empty: the first free one." },
      { name: "ttl", label: "For how long", value: "15m", hint: "Such as 90s, 15m or 12h; at most 24h." },
    ].filter(Boolean),
    action: "Hold",
    submit: async ({ wish, ttl }) => {
      const named = number || (/^\+[0-9]+$/.test(wish) ? wish : null);
      const answer = await call("number/hold", { number: named, search: named ? null : wish || "*", ttl: ttl || null });
      refresh();
      return el("p", null, el("strong", null, answer.number), " is held until ", when(answer.until), ".");
    },
  });
}

function remove(number) {
  ask({
    title: `Remove ${number}`, about: "The number leaves the pool: it is not given out any more.", action: "Remove", kind: "danger",
    submit: async () => {
      await call("number/remove", { number });
      refresh();
    },
  });
}

function addRange() {
  ask({
    title: "Add a range of numbers", about: "Numbers that are in the pool already, or in use, are passed over.", action: "Add",
    fields: [
      { name: "start", label: "First number", required: true, hint: "Such as +4773500000." },
      { name: "end", label: "Last number", required: true },
    ],
    submit: async (form) => {
      const { added, skipped } = await call("number/add_range", form);
      toast(`${added} numbers are added${skipped > 0 ? `, ${skipped} were there` : ""}.`);
      refresh();
    },
  });
}
