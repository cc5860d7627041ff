// Dialogs: forms, questions, and secrets that are shown once. Escape closes each of them.

import { el, fill, newId } from "./dom.js";
import { busy, errorBox, facts, secret } from "./ui.js";

// open shows a dialog and returns it. It is removed when it is closed.
function open(title, ...children) {
  const id = newId();
  const d = el("dialog", { "aria-labelledby": id, onclose: () => d.remove() }, el("h2", { id }, title), children);
  document.body.append(d);
  d.showModal();
  return d;
}

// input makes the control of a field: {name, type, value, options, required, hint, …}. The type is
// one of HTML's, or select or check. The part is a class of the field.
export function input(field) {
  const { type = "text", name, value = "", options = [], label, hint, part, ...rest } = field;
  const common = { name, ...rest };
  if (type === "select") {
    return el("select", common, options.map((o) => {
      const [v, text] = Array.isArray(o) ? o : [o, o];
      return el("option", { value: v, selected: v === value }, text);
    }));
  }
  if (type === "check") return el("input", { type: "checkbox", ...common, checked: value === true });
  return el("input", { type, value, autocomplete: type === "password" ? "new-password" : "off", spellcheck: "false", ...common });
}

// labelled makes a field: a label, its control and a hint.
export function labelled(field) {
  const id = newId();
  const control = input({ ...field, id, "aria-describedby": field.hint ? `${id}-hint` : null });
  const hint = field.hint && el("span", { class: "hint", id: `${id}-hint` }, field.hint);
  if (field.type === "check") {
    return el("div", { class: "field check" }, control, el("label", { for: id }, field.label), hint);
  }
  return el("div", { class: `field ${field.part || ""}` }, el("label", { for: id }, field.label, field.required && el("span", { class: "needed" }, " (required)")), control, hint);
}

// values returns the fields of a form. Of check boxes it returns true or false.
export function values(form) {
  const found = {};
  for (const control of form.elements) {
    if (control.name) found[control.name] = control.type === "checkbox" ? control.checked : control.value.trim();
  }
  return found;
}

// commaList makes a list as nodes take it of one that a person wrote.
export function commaList(text) {
  return text.split(/[\s,;]+/).filter(Boolean).join(",");
}

// given leaves out the empty values of a form.
export function given(form) {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== "" && value !== undefined));
}

// ask shows a form and calls submit with its values. A refusal is shown in the dialog, which stays
// open then; else the dialog is closed, and what submit returned is shown if it is an element.
export function ask({ title, about, fields = [], action, kind = "primary", submit }) {
  const problem = el("div");
  const send = el("button", { type: "submit", class: kind }, action);
  const cancel = el("button", { type: "button", onclick: () => d.close() }, "Cancel");
  const form = el("form", { method: "dialog", onsubmit: (event) => {
    event.preventDefault();
    busy(send, async () => {
      fill(problem);
      try {
        const result = await submit(values(form));
        d.close();
        if (result instanceof Element) show(title, result);
      } catch (err) {
        if (!err.response) console.error(err);
        if (err.cause === "unauthorized" && !d.isConnected) return;
        fill(problem, errorBox(err));
      }
    });
  } }, about && el("div", { class: "about" }, about), fields.map((f) => (f instanceof Element ? f : labelled(f))), problem,
  el("div", { class: "dialog-actions" }, cancel, send));
  const d = open(title, form);
  (form.querySelector("input, select, textarea") || cancel).focus();
  return form;
}

// show shows something with a button that closes it.
export function show(title, ...children) {
  const close = el("button", { type: "button", class: "primary", onclick: () => d.close() }, "Close");
  const d = open(title, children, el("div", { class: "dialog-actions" }, close));
  close.focus();
  return d;
}

// once makes a secret that the server shows this one time.
export function once(name, value, ...children) {
  return el("div", null, children,
    facts([[name[0].toUpperCase() + name.slice(1), secret(name, value, true)]]),
    el("p", { class: "hint" }, `Copy the ${name} now: it is shown this once.`));
}

// closeAll closes every dialog.
export function closeAll() {
  for (const d of document.querySelectorAll("dialog")) d.close();
}
