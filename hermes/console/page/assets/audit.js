// The view of the audit trail.

import { call } from "./api.js";
import { isScoped, may } from "./catalog.js";
import { given, labelled, values } from "./dialog.js";
import { el, when } from "./dom.js";
import { pagedList } from "./list.js";
import { badge, button, card, empty, heading, into, report } from "./ui.js";

const delay = 300; // milliseconds between the last key and the search

export async function auditView(root, _, query) {
  let timer = 0;
  const filters = el("form", { class: "filters", onsubmit: (e) => e.preventDefault(), oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => list.restart().catch(report), delay);
  } },
  [
    { name: "subject", label: "Subject", value: query.subject, placeholder: "address, MAC, number …" },
    { name: "principal", label: "Principal" },
    { name: "node", label: "Node", placeholder: "such as user/*" },
    { name: "since", label: "Since", type: "datetime-local", step: 1 },
    { name: "until", label: "Until", type: "datetime-local", step: 1 },
  ].map(labelled));
  const list = pagedList({
    label: "changes", node: "audit/list", params: () => parameters(values(filters)), size: 50,
    none: "No change matches.",
    columns: [
      ["When", (e) => when(e.at)],
      ["Who", (e) => [e.principal, e.kind !== "user" && [" ", badge(e.kind)], e.remote && el("small", { class: "block muted" }, e.remote)]],
      ["Node", (e) => e.node],
      ["Subject", (e) => [el("span", { class: "address" }, e.subject), e.also.length > 0 && el("small", { class: "block muted" }, `also ${e.also.join(", ")}`)]],
      ["Changes", changes],
    ],
  });
  root.append(heading("Audit"), seal(), card("Changes", [], filters, list));
  await list.reload();
}

// parameters makes those of audit/list; the times of the form are local ones.
function parameters(form) {
  return Object.fromEntries(Object.entries(given(form)).map(([name, value]) =>
    [name, name === "since" || name === "until" ? new Date(value).toISOString() : value]));
}

function changes(entry) {
  if (entry.changes.length === 0) return "–";
  const lines = entry.changes.map((c) => el("li", null, el("strong", null, c.field), ": ", change(c)));
  if (lines.length <= 2) return el("ul", { class: "changes" }, lines);
  return el("details", null, el("summary", null, `${lines.length} fields`), el("ul", { class: "changes" }, lines));
}

function change({ from, to }) {
  if (!from) return to || "–";
  return to ? `${from} → ${to}` : `${from} removed`;
}

function seal() {
  if (!may("audit/verify")) return null;
  if (isScoped()) return card("Seal", [], empty("Only a principal without a scope can check the whole trail."));
  const box = el("div");
  const check = () => into(box, async () => {
    try {
      const answer = await call("audit/verify");
      return el("p", { class: "below" }, badge("whole", "good"), `${answer.sealed} entries are sealed, and ${answer.unsealed} of the last seconds are not yet.`,
        answer.until && ["Sealed until ", when(answer.until), "."]);
    } catch (err) {
      if (err.cause !== "rejected") throw err;
      return el("p", { class: "error", role: "alert" }, badge("broken", "warn"), " ", err.message);
    }
  });
  check();
  return card("Seal", button("Check again", check, "small"), box);
}
