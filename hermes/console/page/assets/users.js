// The view of users: the list, and one user.

import { call, inBatches, optional } from "./api.js";
import { has, may } from "./catalog.js";
import { ago, el, fill, link, macText, phonePath, userPath } from "./dom.js";
import { pagedList } from "./list.js";
import { refresh } from "./router.js";
import { badge, button, card, empty, facts, heading, into, loading, secret, table } from "./ui.js";
import { addAlias, addPhone, assignNumber, changePassword, editUser, offboard, onboard, releaseNumber, removeAlias, removePhone,
  rename, resume, setPermissions, suspend } from "./useractions.js";

// usersView shows the list, or the user whose address is the argument.
export function usersView(root, address, query) {
  return address ? userView(root, address) : listView(root, query);
}

async function listView(root, query) {
  const list = pagedList({
    label: "users", node: "user/list", search: query.search || "", hint: "Search by name or address",
    none: ["There are no users yet.", may("user/onboard") && " Onboard the first one."],
    columns: [
      ["Name", (u) => (may("user/show") ? link(userPath(u.user), u.displayname || u.user) : u.displayname)],
      ["Address", (u) => u.user],
    ],
  });
  root.append(heading("Users", may("user/onboard") && button("Onboard a user", onboard, "primary")), list);
  await list.reload();
}

async function userView(root, address) {
  const { users: [user] } = await call("user/show", { user: address });
  const registered = el("span");
  root.append(
    el("p", { class: "back" }, link("#/users", "‹ Users")),
    heading(user.displayname || user.user, actions(user),
      el("p", { class: "below" }, el("span", { class: "address" }, user.user),
        user.type === "remote" && badge("account of another server"),
        user.suspended && badge(user.suspended_reason ? `suspended: ${user.suspended_reason}` : "suspended", "warn"), registered)),
    el("div", { class: "columns" },
      el("div", null, account(user), permissions(user)),
      el("div", null, numbers(user), phones(user), registration(user, registered))));
}

function actions(user) {
  const local = user.type === "local";
  return [
    may("user/update") && button("Edit", () => editUser(user)),
    may("user/change_pw") && button("New password", () => changePassword(user)),
    local && !user.suspended && may("user/suspend") && button("Suspend", () => suspend(user)),
    user.suspended && may("user/resume") && button("Resume", () => resume(user)),
    may("user/rename") && button("Rename", () => rename(user)),
    may("user/offboard") && button("Offboard", () => offboard(user), "danger"),
  ];
}

function account(user) {
  return card("Account", [], facts([
    ["Password", user.password ? secret("password", user.password) : user.redacted?.includes("password") ? "hidden at your access level" : "not known to Hermes"],
    ["Authentication id", user.authid],
    ["Mail address", user.email],
    ["Line text", user.linetext],
    ["Registrar", `${user.registrar}:${user.r_port}`],
    ["Proxy", `${user.proxy}:${user.p_port}`],
    ["Dialplan", user.dialplan],
    ["Remote-Party-ID", user.rpid],
  ]));
}

function permissions(user) {
  if (user.type !== "local") return null;
  return card("Permissions", has("write") && may("user/permissions") && button("Change", () => setPermissions(user), "small"),
    user.permissions.length > 0 ? el("p", { class: "chips" }, user.permissions.map((p) => badge(p))) : empty("None."));
}

function numbers(user) {
  const rows = user.aliases.map((alias) => ({ alias, number: alias.split("@")[0] }));
  const isNumber = (row) => user.numbers.includes(row.number);
  return card("Number and aliases", [
    may("number/assign") && button("Assign a number", () => assignNumber(user), "small"),
    may("alias/add") && button("Add an alias", () => addAlias(user), "small"),
  ], rows.length === 0 ? empty("No number and no alias leads here.") : table("Number and aliases", [
    ["Alias", (row) => [el("span", { class: "address" }, row.alias), " ", isNumber(row) && badge("number")]],
    ["", (row) => [
      isNumber(row) && may("number/release") && button("Release", () => releaseNumber(row), "small"),
      !isNumber(row) && may("alias/remove") && button("Remove", () => removeAlias(row.alias), "small"),
    ]],
  ], rows));
}

function phones(user) {
  const box = el("div");
  const rows = user.phones.map((p) => ({ ...p, shown: {} }));
  const show = () => fill(box, rows.length === 0 ? empty("No phone.") : table("Phones", [
    ["Line", (p) => String(p.line)],
    ["MAC", (p) => link(phonePath(p.mac), macText(p.mac))],
    ["Vendor", (p) => [p.shown.vendor, p.shown.model].filter(Boolean).join(" ") || "–"],
    ["Last seen", (p) => ago(p.shown.last_seen)],
    ["", (p) => may("phone/remove") && button("Remove", () => removePhone(user, p.mac), "small")],
  ], rows));
  show();
  if (rows.length > 0 && may("phone/show")) {
    inBatches(rows, async (p) => {
      [p.shown] = await optional("phone/show", { mac: p.mac });
      p.shown ??= {};
    }).then(show, () => {});
  }
  return card("Phones", may("phone/add") && button("Add a phone", () => addPhone(user), "small"), box);
}

function registration(user, mark) {
  if (!may("user/contacts")) return null;
  const box = el("div", null, loading());
  into(box, async () => {
    const [answer, refusal] = await optional("user/contacts", { user: user.user });
    if (refusal) return empty(refusal.message);
    fill(mark, answer.list.length > 0 ? badge("registered now", "good") : badge("not registered"));
    if (answer.list.length === 0) return empty("No phone is registered as this user now.");
    return table("Registrations", [
      ["Contact", (c) => el("span", { class: "address" }, c.contact)],
      ["Phone", (c) => c.user_agent || "–"],
      ["Received from", (c) => (c.received || "–").replace(/^sip:/, "")],
      ["Expires in", (c) => `${c.expires} s`],
    ], answer.list);
  });
  return card("Registered now", button("Look again", refresh, "small"), box);
}
