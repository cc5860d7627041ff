// What can be done to a user: a dialog for each.

import { call, optional } from "./api.js";
import { isScoped, may, principal } from "./catalog.js";
import { ask, commaList, given, once } from "./dialog.js";
import { el, link, macText, userPath } from "./dom.js";
import { go, refresh } from "./router.js";
import { facts, toast } from "./ui.js";

// domainField makes the choice of a domain, or a field for its name if no domains are known.
async function domainField(field) {
  const [answer] = may("domain/list") ? await optional("domain/list") : [null];
  const list = answer?.list || principal().domains || [];
  if (list.length === 0) return field;
  return { ...field, type: "select", options: field.required ? list : [["", "the user's own"], ...list] };
}

// numberFields are the fields that say which number is wanted. none is the text of the choice of no
// number, or undefined.
function numberFields(none) {
  const choices = [["first", "The first free one"], ["random", "A random free one"], ["wish", "This one, or the first that matches"]];
  return [
    { name: "choice", type: "select", label: "Number", options: none ? [["", none], ...choices] : choices },
    { name: "wish", label: "Number or pattern", hint: "Such as +4773500001, or +4773* for the first that begins so.", part: "wish" },
  ];
}

function numberParams({ choice, wish }) {
  if (choice === "") return {};
  if (choice === "random") return { random: "true" };
  if (choice === "first" && !wish) return { search: "*" };
  return /^\+[0-9]+$/.test(wish) ? { number: wish } : { search: wish };
}

// onboard makes a user with its phones, its number and its permissions.
export async function onboard() {
  const domain = await domainField({ name: "domain", label: "Domain", required: true });
  const aliasDomain = await domainField({ name: "alias_domain", label: "Domain of the number" });
  ask({
    title: "Onboard a user",
    about: "All of it is done in one step, or nothing.",
    fields: [
      { name: "username", label: "User name", required: true, autocapitalize: "none", hint: "The part of the address before the @." },
      domain,
      { name: "displayname", label: "Display name", maxlength: 128 },
      { name: "email", label: "Mail address", type: "email", maxlength: 128 },
      { name: "macs", label: "Phones", hint: "MAC addresses, separated by commas." },
      ...numberFields("No number"),
      aliasDomain,
      { name: "permissions", label: "Permissions", hint: "Names, separated by commas." },
    ],
    action: "Onboard",
    submit: async ({ choice, wish, alias_domain, macs, permissions, ...rest }) => {
      const number = { ...numberParams({ choice, wish }), macs: commaList(macs), permissions: commaList(permissions) };
      const where = choice === "" ? {} : { alias_domain };
      const answer = await call("user/onboard", given({ ...rest, ...number, ...where }));
      refresh();
      return onboarded(answer);
    },
  });
}

function onboarded({ user, phones, number }) {
  return once("password", user.password,
    el("p", null, link(userPath(user.user), user.user), " can register now."),
    facts([
      ["Number", number],
      ["Phones", phones?.map((p) => `${macText(p.mac)}, line ${p.line}`).join("; ")],
    ]));
}

// editUser changes the fields of a user.
export function editUser(user) {
  const local = user.type === "local";
  const fields = [
    { name: "displayname", label: "Display name", maxlength: 128 },
    { name: "linetext", label: "Line text", maxlength: 128, hint: "What the phone shows beside the line's key." },
    local && { name: "email", label: "Mail address", type: "email", maxlength: 128 },
    { name: "authid", label: "Authentication id", hint: local ? "The user name or the whole address." : undefined },
    { name: "registrar", label: "Registrar" },
    { name: "r_port", label: "Registrar's port", type: "number", min: 1, max: 65535 },
    { name: "proxy", label: "Proxy" },
    { name: "p_port", label: "Proxy's port", type: "number", min: 1, max: 65535 },
    { name: "dialplan", label: "Dialplan", maxlength: 128 },
    local && { name: "rpid", label: "Remote-Party-ID", maxlength: 128 },
  ].filter(Boolean).map((f) => ({ ...f, value: String(user[f.name] ?? "") }));
  ask({
    title: `Edit ${user.user}`, fields, action: "Save",
    submit: async (form) => {
      const changed = Object.entries(form).filter(([name, value]) => value !== String(user[name] ?? ""));
      if (changed.length === 0) return;
      const { updated } = await call("user/update", { user: user.user, ...Object.fromEntries(changed) });
      toast(`Saved: ${updated.join(", ")}.`);
      refresh();
    },
  });
}

// changePassword gives a user another password.
export function changePassword(user) {
  const local = user.type === "local";
  ask({
    title: `New password for ${user.user}`,
    about: local ? "The phones must get the new password before they can register again." : "The password of the account on its own server.",
    fields: [{ name: "password", type: "password", label: "Password", hint: "Leave it empty to have one made up." }],
    action: "Change the password",
    submit: async ({ password }) => {
      const answer = await call("user/change_pw", given({ user: user.user, password }));
      refresh();
      if (answer.password) return once("password", answer.password);
      toast("The password is changed.");
    },
  });
}

// suspend keeps a user from registering and calling.
export function suspend(user) {
  ask({
    title: `Suspend ${user.user}`,
    about: "The user can neither register nor call. Password, phones, aliases and numbers stay, until you resume the user.",
    fields: [{ name: "reason", label: "Reason", maxlength: 128 }],
    action: "Suspend",
    submit: async ({ reason }) => {
      await call("user/suspend", given({ user: user.user, reason }));
      toast(`${user.user} is suspended.`);
      refresh();
    },
  });
}

// resume ends a suspension.
export async function resume(user) {
  await call("user/resume", { user: user.user });
  toast(`${user.user} can register and call again.`);
  await refresh();
}

// rename gives a user another address.
export function rename(user) {
  ask({
    title: `Rename ${user.user}`,
    about: "Phones, aliases and the password stay. In another domain the user gets that domain's servers.",
    fields: [
      { name: "new_user", label: "New address", value: user.user, required: true, autocapitalize: "none" },
      { name: "keep_alias", type: "check", label: "The old address becomes an alias" },
    ],
    action: "Rename",
    submit: async ({ new_user, keep_alias }) => {
      const answer = await call("user/rename", { user: user.user, new_user, keep_alias: keep_alias ? "true" : "false" });
      toast(`${user.user} is now ${answer.user}.`);
      go(userPath(answer.user));
    },
  });
}

// offboard removes a user. It first shows what goes along.
export async function offboard(user) {
  const plan = await call("user/offboard", { user: user.user, dry_run: "true" });
  const numbers = plan.numbers.length > 0;
  const listed = (items, make = (x) => x) => items.length > 0 && el("ul", null, items.map((item) => el("li", null, make(item))));
  ask({
    title: `Offboard ${user.user}`,
    about: el("div", null, el("p", null, "This removes the user for good. Its registrations end at once, and with it go:"),
      facts([
        ["Phones", listed(plan.phones, macText) || "none"],
        ["Aliases", listed(plan.aliases) || "none"],
        isScoped() && ["Note", "what is outside of your scope is not shown, and prevents the removal"],
      ].filter(Boolean))),
    fields: numbers ? [{ name: "release", type: "check", value: true, label: `Return to the pool: ${plan.numbers.join(", ")}` }] : [],
    action: "Offboard", kind: "danger",
    submit: async ({ release }) => {
      await call("user/offboard", { user: user.user, release: release === false ? "false" : "true" });
      toast(`${user.user} is removed.`);
      go("#/users");
    },
  });
}

// setPermissions replaces the permissions of a user.
export function setPermissions(user) {
  ask({
    title: `Permissions of ${user.user}`,
    fields: [{ name: "permissions", label: "Permissions", value: user.permissions.join(", "), hint: "Names, separated by commas. Kamailio's group module finds them." }],
    action: "Save",
    submit: async ({ permissions }) => {
      await call("user/permissions", { user: user.user, permissions: commaList(permissions) });
      refresh();
    },
  });
}

// assignNumber gives a user a number from the pool.
export async function assignNumber(user) {
  const aliasDomain = await domainField({ name: "alias_domain", label: "Domain of the number" });
  ask({
    title: `Assign a number to ${user.user}`, fields: [...numberFields(), aliasDomain], action: "Assign",
    submit: async ({ alias_domain, ...choice }) => {
      const { number } = await call("number/assign", given({ user: user.user, alias_domain, ...numberParams(choice) }));
      toast(`${number} leads to ${user.user} now.`);
      refresh();
    },
  });
}

// releaseNumber returns the number of an alias to the pool.
export function releaseNumber({ alias, number }) {
  ask({
    title: `Release ${number}`, about: `The alias ${alias} is removed, and its number returns to the pool.`, action: "Release",
    submit: async () => {
      await call("number/release", { alias });
      toast(`${number} is back in the pool.`);
      refresh();
    },
  });
}

// addAlias makes another address lead to a user.
export async function addAlias(user) {
  const domain = await domainField({ name: "alias_domain", label: "Domain", required: true });
  ask({
    title: `Add an alias of ${user.user}`, action: "Add",
    fields: [{ name: "alias_username", label: "User part", required: true, autocapitalize: "none" }, domain],
    submit: async (form) => {
      await call("alias/add", { ...form, destination: user.user });
      refresh();
    },
  });
}

// removeAlias removes an alias that is no number of the pool.
export function removeAlias(alias) {
  ask({
    title: `Remove the alias ${alias}`, action: "Remove", kind: "danger",
    submit: async () => {
      await call("alias/remove", { alias });
      refresh();
    },
  });
}

// addPhone associates a phone with a user.
export function addPhone(user) {
  ask({
    title: `Add a phone of ${user.user}`, action: "Add",
    fields: [
      { name: "mac", label: "MAC address", required: true, hint: "Such as 00:11:22:33:44:55." },
      { name: "line", label: "Line", type: "number", min: 1, max: 16, hint: "Leave it empty for the lowest free one." },
    ],
    submit: async ({ mac, line }) => {
      await call("phone/add", given({ user: user.user, mac, line }));
      refresh();
    },
  });
}

// removePhone ends the association of a phone with a user.
export function removePhone(user, mac) {
  ask({
    title: `Remove the phone ${macText(mac)}`, about: `${user.user} is removed from this phone. The phone's other users stay.`, action: "Remove", kind: "danger",
    submit: async () => {
      await call("phone/remove", { user: user.user, mac });
      refresh();
    },
  });
}

