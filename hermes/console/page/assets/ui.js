// The parts that views are made of: buttons, tables, cards, messages.

import { add, el, fill } from "./dom.js";

// button makes a button that is disabled while its function runs. A refusal is shown as a message.
export function button(label, onclick, kind = "") {
  const b = el("button", { type: "button", class: kind, onclick: () => busy(b, onclick).catch(report) }, label);
  return b;
}

// busy disables a button while an asynchronous function runs.
export async function busy(b, f) {
  if (b.disabled) return;
  const focused = document.activeElement === b;
  b.disabled = true;
  b.setAttribute("aria-busy", "true");
  try {
    await f();
  } finally {
    b.disabled = false;
    b.removeAttribute("aria-busy");
    if (focused && document.activeElement === document.body) b.focus();
  }
}

// report shows an error as a message, unless the session has ended: the login page says so then.
export function report(err) {
  if (err.cause === "unauthorized") return;
  if (!err.response) console.error(err);
  toast(err.message, "bad");
}

let shelf = null;

// toast shows a message for some seconds. An error stays until it is closed.
export function toast(text, kind = "good") {
  if (!shelf?.isConnected) shelf = document.body.appendChild(el("div", { class: "toasts", role: "status", "aria-live": "polite" }));
  const note = el("div", { class: `toast ${kind}` }, el("span", null, text));
  add(note, el("button", { type: "button", class: "plain close", "aria-label": "Close message", onclick: () => note.remove() }, "×"));
  shelf.append(note);
  if (kind === "good") setTimeout(() => note.remove(), 6000);
}

// errorBox makes the place of an error in a form or a view.
export function errorBox(err) {
  return el("p", { class: "error", role: "alert" }, err.message);
}

// heading makes the top of a view: its title, what stands below it, and its buttons.
export function heading(title, actions = [], below = null) {
  return el("header", { class: "head" },
    el("div", null, el("h1", { tabindex: "-1" }, title), below),
    el("div", { class: "actions" }, actions));
}

// card makes a titled part of a view.
export function card(title, actions, ...children) {
  return el("section", { class: "card" },
    el("div", { class: "card-head" }, el("h2", null, title), el("div", { class: "actions" }, actions)),
    children);
}

// badge makes a short mark.
export function badge(text, kind = "") {
  return el("span", { class: `badge ${kind}` }, text);
}

// empty makes what stands in the place of something that is not there.
export function empty(...children) {
  return el("p", { class: "empty" }, children);
}

// facts makes a list of names and values; entries without a value are left out.
export function facts(entries) {
  const list = el("dl", { class: "facts" });
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === false || value === "") continue;
    add(list, el("div", null, el("dt", null, name), el("dd", null, value)));
  }
  return list;
}

// table makes a table, which becomes a stack of cards where it is narrow. The roles keep it a table
// for screen readers then. A column is [title, function of a row that makes the cell].
export function table(label, columns, rows) {
  const cell = (row) => ([title, make]) =>
    el("td", { role: "cell", "data-title": title, class: title ? null : "row-actions" }, el("div", null, make(row)));
  return el("table", { role: "table", "aria-label": label },
    el("thead", { role: "rowgroup" },
      el("tr", { role: "row" }, columns.map(([title]) =>
        el("th", { role: "columnheader", scope: "col" }, title || el("span", { class: "hidden" }, "Actions"))))),
    el("tbody", { role: "rowgroup" }, rows.map((row) => el("tr", { role: "row" }, columns.map(cell(row))))));
}

// secret makes a value that can be copied. It is hidden until it is wanted, unless open is true.
export function secret(name, value, open = false) {
  const box = el("span", { class: "secret" });
  const show = () => fill(box, el("code", null, value), copyButton(name, value));
  if (open) show();
  else fill(box, el("button", { type: "button", class: "small", onclick: show }, `Show ${name}`));
  return box;
}

function copyButton(name, value) {
  return button("Copy", async () => {
    await navigator.clipboard.writeText(value);
    toast(`The ${name} is in the clipboard.`);
  }, "small");
}

// loading makes what stands in the place of something that is on its way.
export function loading() {
  return el("p", { class: "loading", role: "status" }, "Loading …");
}

// into fills an element with what an asynchronous function makes, or with its refusal.
export async function into(node, f) {
  fill(node, loading());
  try {
    fill(node, await f());
  } catch (err) {
    if (!err.response) console.error(err);
    fill(node, errorBox(err));
  }
}
