// Starts the console: the login page, or the views of the principal who is logged in.

import { within } from "./api.js";
import { loadNodes, may, principal, setMe } from "./catalog.js";
import { closeAll, labelled, values } from "./dialog.js";
import { el, fill } from "./dom.js";
import { define, start, stop } from "./router.js";
import { login, logout, onSession, resume } from "./session.js";
import { busy, button, errorBox } from "./ui.js";
import { accessView } from "./access.js";
import { auditView } from "./audit.js";
import { domainsView } from "./domains.js";
import { nodesView } from "./nodes.js";
import { numbersView } from "./numbers.js";
import { phonesView } from "./phones.js";
import { usersView } from "./users.js";

// The views in the order of the navigation, each with the node that it cannot do without.
const views = [
  ["users", "Users", "user/list", usersView],
  ["numbers", "Numbers", "number/stats", numbersView],
  ["phones", "Phones", "phone/list", phonesView],
  ["domains", "Domains", "domain/list", domainsView],
  ["access", "Access", "auth/whoami", accessView],
  ["audit", "Audit", "audit/list", auditView],
  ["nodes", "Nodes", "auth/whoami", nodesView],
];

function loginPage(reason = "", kind = "") {
  stop();
  closeAll();
  document.title = "Log in – Hermes";
  const problem = el("div", { role: "status" }, reason && el("p", { class: `note ${kind}` }, reason));
  const send = el("button", { type: "submit", class: "primary wide" }, "Log in");
  const form = el("form", { class: "card login", onsubmit: (event) => {
    event.preventDefault();
    busy(send, async () => {
      fill(problem);
      try {
        const { username, password } = values(form);
        await login(username, password);
        await enter();
      } catch (err) {
        fill(problem, errorBox(err.cause === "unauthorized" ? new Error("The user name or the password is wrong.") : err));
        form.elements.password.select();
      }
    });
  } },
  el("h1", null, "Hermes"), el("p", { class: "muted" }, "Log in to manage users, numbers and phones."), problem,
  labelled({ name: "username", label: "User name", autocomplete: "username", required: true, autocapitalize: "none" }),
  labelled({ name: "password", type: "password", label: "Password", autocomplete: "current-password", required: true }),
  send);
  document.body.replaceChildren(el("main", { class: "login-page" }, form));
  form.elements.username.focus();
}

// enter shows the views to the principal of the session.
async function enter() {
  await loadNodes();
  setMe(await within("auth/whoami", {}));
  const shown = views.filter(([, , node]) => may(node));
  for (const [name, title, , make] of views) {
    define(name, title, shown.some(([n]) => n === name) ? make : refused);
  }
  const main = el("main", { id: "main", tabindex: "-1" });
  const me = principal();
  document.body.replaceChildren(
    el("a", { class: "skip", href: "#main", onclick: (event) => {
      event.preventDefault();
      main.focus();
    } }, "Skip to the content"),
    el("header", { class: "bar" },
      el("span", { class: "brand" }, el("span", { class: "mark", "aria-hidden": "true" }, "H"), "Hermes"),
      el("nav", { "aria-label": "Views" }, shown.map(([name, title]) => el("a", { href: `#/${name}` }, title))),
      el("div", { class: "me" },
        el("span", null, me.user || me.key, el("small", null, me.access.replace("_", " "))), button("Log out", logout, "small"))),
    main);
  await start(main, shown[0][0]);
}

function refused() {
  throw Object.assign(new Error("Your access level or scope does not allow this view."), { response: "failed" });
}

// begin enters with a session that another tab began, or says why that failed.
async function begin() {
  try {
    await enter();
  } catch (err) {
    if (err.cause !== "unauthorized") loginPage(err.message, "bad");
  }
}

onSession(begin, (reason) => loginPage(reason));
if (await resume()) await begin();
else loginPage();
