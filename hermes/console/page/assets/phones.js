// The view of desk phones: the list, and one phone.

import { call, inBatches, optional } from "./api.js";
import { may } from "./catalog.js";
import { ask } from "./dialog.js";
import { ago, el, link, macText, phonePath, userPath, when } from "./dom.js";
import { pagedList } from "./list.js";
import { refresh } from "./router.js";
import { badge, button, card, empty, facts, heading, secret, table, toast } from "./ui.js";

const vendors = ["auto", "yealink", "snom", "poly", "grandstream", "grandstream2", "fanvil"];

export function phonesView(root, mac, query) {
  return mac ? phoneView(root, mac) : listView(root, query);
}

async function listView(root, query) {
  const list = pagedList({
    label: "phones", node: "phone/list", search: query.search || "", hint: "Search by MAC address", size: 25,
    none: "There are no phones. Add one at a user.",
    prepare: details,
    columns: [
      ["MAC", (p) => (p.known ? link(phonePath(p.mac), macText(p.mac)) : macText(p.mac))],
      ["Vendor", (p) => p.vendor || "–"],
      ["Model", (p) => p.model || "–"],
      ["Users", (p) => (p.lines || []).map((l, i) => [i > 0 && ", ", l.displayname || l.user])],
      ["Last seen", (p) => ago(p.last_seen)],
      ["Enrolment", enrolment],
    ],
  });
  root.append(heading("Phones"), list);
  await list.reload();
}

// details looks up the phones of a page.
async function details(macs) {
  const rows = macs.map((mac) => ({ mac }));
  if (may("phone/show")) {
    await inBatches(rows, async (row) => {
      const [answer] = await optional("phone/show", { mac: row.mac });
      Object.assign(row, answer, { known: answer !== null });
    });
  }
  return rows;
}

function enrolment(phone) {
  if (!phone.enrolment) return "–";
  return phone.enrolment === "open" ? badge("open", "warn") : badge("closed");
}

async function phoneView(root, mac) {
  const phone = await call("phone/show", { mac });
  root.append(
    el("p", { class: "back" }, link("#/phones", "‹ Phones")),
    heading(macText(phone.mac), actions(phone), el("p", { class: "below" }, badge(`enrolment ${phone.enrolment}`, phone.enrolment === "open" ? "warn" : ""), phone.note && el("span", null, phone.note))),
    el("div", { class: "columns" },
      card("Phone", [], facts([
        ["Vendor", phone.vendor],
        ["Model", phone.model || "not known yet"],
        ["Firmware", phone.firmware || "not known yet"],
        ["Last seen", phone.last_seen ? [ago(phone.last_seen), phone.last_address && ` from ${phone.last_address}`] : "never"],
        ["Enrolment", phone.enrolment === "open" ? ["open until ", when(phone.open_until)] : "closed: the phone's own address serves it"],
        ["Own address", phone.url ? secret("address", phone.url) : phone.redacted?.includes("url") && "hidden at your access level"],
        ["Note", phone.note],
      ])),
      card("Lines", [], phone.lines.length === 0 ? empty("No user.") : table("Lines", [
        ["Line", (l) => String(l.line)],
        ["User", (l) => (may("user/show") ? link(userPath(l.user), l.user) : l.user)],
        ["Name", (l) => l.displayname],
      ], phone.lines))));
}

function actions(phone) {
  return [
    may("phone/config") && button("Preview the file", () => preview(phone)),
    may("phone/resync") && button("Resync", () => resync(phone)),
    may("phone/enrol") && button("Open the window", () => enrol(phone)),
    may("phone/set") && button("Edit", () => edit(phone)),
  ];
}

function preview(phone) {
  ask({
    title: `The file of ${macText(phone.mac)}`,
    about: "What the phone would be given. The file has the passwords of its users.",
    fields: [
      { name: "vendor", type: "select", label: "Vendor", options: [["", "as the phone's"], ...vendors.slice(1)] },
      { name: "file", label: "File", hint: "Leave it empty for the vendor's usual name." },
    ],
    action: "Preview",
    submit: async ({ vendor, file }) => {
      const text = await call("phone/config", { mac: phone.mac, vendor: vendor || null, file: file || null });
      return el("pre", { class: "file", tabindex: "0", role: "region", "aria-label": "The file" }, text);
    },
  });
}

async function resync(phone) {
  const { list } = await call("phone/resync", { mac: phone.mac });
  toast(list.length > 0 ? `Told to fetch its file again: ${list.join(", ")}.` : "None of its users is registered now, so the phone could not be told.");
}

function enrol(phone) {
  ask({
    title: `Open the window of ${macText(phone.mac)}`,
    about: "For that long the domain's address gives this phone its file again: for a phone that was reset or replaced.",
    fields: [{ name: "ttl", label: "For how long", value: "24h", hint: "Such as 12h or 7d; at most 30d." }],
    action: "Open",
    submit: async ({ ttl }) => {
      await call("phone/enrol", { mac: phone.mac, ttl: ttl || null });
      refresh();
    },
  });
}

function edit(phone) {
  const options = vendors.includes(phone.vendor) ? vendors : [...vendors, phone.vendor];
  ask({
    title: `Edit ${macText(phone.mac)}`, action: "Save",
    fields: [
      { name: "vendor", type: "select", label: "Vendor", value: phone.vendor, options, hint: "auto: as the phone says of itself." },
      { name: "note", label: "Note", value: phone.note, maxlength: 128 },
    ],
    submit: async ({ vendor, note }) => {
      await call("phone/set", { mac: phone.mac, vendor, note });
      refresh();
    },
  });
}
