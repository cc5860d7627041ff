// The view of access: API users, API keys, and one's own password.

import { call } from "./api.js";
import { has, isScoped, may, principal } from "./catalog.js";
import { ask, commaList, given, once } from "./dialog.js";
import { ago, el, when } from "./dom.js";
import { refresh } from "./router.js";
import { badge, button, card, empty, facts, heading, into, table, toast } from "./ui.js";

const levels = [
  ["limited_read", "limited read: everything but secrets"], ["full_read", "full read: secrets too"],
  ["limited_write", "limited write: changes, no secrets"], ["full_write", "full write: administers"],
];

export async function accessView(root) {
  const me = principal();
  root.append(heading("Access"), card("You", me.user && may("auth/update_user") && button("Change your password", ownPassword, "small"), facts([
    ["Name", me.user || me.key],
    ["Level", me.access.replace("_", " ")],
    ["Scope", isScoped() ? scopeText(me) : "everything"],
  ])));
  const waiting = [];
  const list = (title, actions, make) => {
    const box = el("div");
    root.append(card(title, actions, box));
    waiting.push(into(box, make));
  };
  if (may("auth/list_users")) list("API users", may("auth/add_user") && button("Add a user", addUser, "primary small"), userTable);
  if (may("auth/list_keys")) list("API keys", may("auth/new_key") && button("Make a key", newKey, "primary small"), keyTable);
  await Promise.all(waiting);
}

function scopeText(p) {
  const parts = [["domains", p.domains], ["numbers", p.numbers], ["nodes", p.nodes]].filter(([, list]) => list);
  return parts.length === 0 ? "everything" : el("span", null, parts.map(([name, list], i) => [i > 0 && "; ", `${name}: ${list.join(", ")}`]));
}

async function userTable() {
  const { list } = await call("auth/list_users");
  const own = (u) => u.user === principal().user;
  return table("API users", [
    ["User", (u) => [u.user, own(u) && [" ", badge("you")]]],
    ["Level", (u) => u.access.replace("_", " ")],
    ["Scope", scopeText],
    ["Backend", (u) => u.backend || "none"],
    ["", (u) => [
      may("auth/authorize") && button("Level and scope", () => authorize(u), "small"),
      may("auth/update_user") && button("New password", () => newPassword(u), "small"),
      !own(u) && may("auth/remove_user") && button("Remove", () => removeUser(u), "small"),
    ]],
  ], list);
}

async function keyTable() {
  const { list } = await call("auth/list_keys");
  if (list.length === 0) return empty("There are no keys. Programs log in with one.");
  return table("API keys", [
    ["Key", (k) => [el("span", { class: "address" }, k.key), k.comment && el("small", { class: "block muted" }, k.comment)]],
    ["Level", (k) => k.access.replace("_", " ")],
    ["Scope", scopeText],
    ["Host", (k) => k.host || "any, by key pair"],
    ["Made", (k) => [ago(k.created), k.created_by && ` by ${k.created_by}`]],
    ["Expires", (k) => when(k.expires)],
    ["Last used", (k) => ago(k.last_used)],
    ["", (k) => may("auth/remove_key") && button("Remove", () => removeKey(k), "small")],
  ], list);
}

function scopeFields(of = {}) {
  const hint = (text) => `${text} Empty: as it was; * lifts the narrowing.`;
  return [
    { name: "domains", label: "Domains", value: (of.domains || []).join(","), hint: hint("SIP domains, separated by commas.") },
    { name: "numbers", label: "Numbers", value: (of.numbers || []).join(","), hint: hint("Prefixes such as +4773, separated by commas.") },
    { name: "nodes", label: "Nodes", value: (of.nodes || []).join(","), hint: hint("Patterns such as user/*, separated by commas.") },
  ];
}

// withScope makes the lists of a scope as nodes take them.
function withScope({ domains, numbers, nodes, ...rest }) {
  return given({ ...rest, domains: commaList(domains), numbers: commaList(numbers), nodes: commaList(nodes) });
}

function addUser() {
  ask({
    title: "Add an API user",
    about: "The user can log in at once, and read. Change the level afterwards.",
    fields: [
      { name: "user", label: "Name", required: true, autocapitalize: "none", maxlength: 64 },
      { name: "password", type: "password", label: "Password", hint: "At least 8 characters. Leave it empty to have one made up." },
    ],
    action: "Add",
    submit: async (form) => {
      const answer = await call("auth/add_user", given(form));
      refresh();
      if (answer.password) return once("password", answer.password, el("p", null, `${answer.user} can log in now.`));
      toast(`${answer.user} can log in now.`);
    },
  });
}

function authorize(u) {
  ask({
    title: `Level and scope of ${u.user}`, about: "A change takes effect at the user's next request.",
    fields: [{ name: "access", type: "select", label: "Level", value: u.access, options: levels }, ...scopeFields(u)],
    action: "Save",
    submit: async (form) => {
      await call("auth/authorize", withScope({ user: u.user, ...form }));
      refresh();
    },
  });
}

function newPassword(u) {
  ask({
    title: `New password for ${u.user}`, about: "All other sessions of this user end.", action: "Change the password",
    fields: [{ name: "password", type: "password", label: "New password", required: true, minlength: 8, maxlength: 128 }],
    submit: async ({ password }) => {
      await call("auth/update_user", { user: u.user, password });
      toast(`The password of ${u.user} is changed.`);
    },
  });
}

function ownPassword() {
  const user = principal().user;
  ask({
    title: "Change your password", about: "Your other sessions end.", action: "Change the password",
    fields: [
      !has("administer") && { name: "old_password", type: "password", label: "Your password now", autocomplete: "current-password", required: true },
      { name: "password", type: "password", label: "New password", required: true, minlength: 8, maxlength: 128 },
    ].filter(Boolean),
    submit: async (form) => {
      try {
        await call("auth/update_user", { user, ...form });
      } catch (err) {
        throw err.cause === "unauthorized" ? Object.assign(new Error("Your password now is another one."), { response: "failed" }) : err;
      }
      toast("Your password is changed.");
    },
  });
}

function removeUser(u) {
  ask({
    title: `Remove ${u.user}`, about: "The user's sessions end at once. A user of a directory that Hermes only reads loses the authorization.",
    action: "Remove", kind: "danger",
    submit: async () => {
      await call("auth/remove_user", { user: u.user });
      refresh();
    },
  });
}

function newKey() {
  ask({
    title: "Make an API key",
    fields: [
      { name: "access", type: "select", label: "Level", options: levels },
      { name: "host", label: "Host", hint: "An address, ranges such as 192.0.2.0/24, or a name: the key works from there only. Needed without a public key." },
      { name: "comment", label: "Comment", hint: "What the key is for." },
      { name: "expires", label: "Expires after", hint: "Such as 90d. Empty: never." },
      { name: "pubkey", label: "Public key", hint: "Ed25519, base64 or OpenSSH: then there is no secret." },
      ...scopeFields(),
    ],
    action: "Make the key",
    submit: async (form) => {
      const answer = await call("auth/new_key", withScope(form));
      refresh();
      if (form.pubkey) return el("p", null, "The key's public id is ", el("code", null, answer.key), ". Programs log in with it and the private key.");
      return once("key", answer.key);
    },
  });
}

function removeKey(k) {
  ask({
    title: "Remove the key", about: `${k.comment || k.key} cannot log in any more, and its sessions end at once.`, action: "Remove", kind: "danger",
    submit: async () => {
      await call("auth/remove_key", { key: k.key });
      refresh();
    },
  });
}
