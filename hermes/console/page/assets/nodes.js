// The view of nodes: a form for each node of the API, its answer as it came, and the same call for
// curl. The forms are made from openapi.json.

import { all, find, may } from "./catalog.js";
import { labelled } from "./dialog.js";
import { el, fill, link, newId } from "./dom.js";
import { encode, send, urlOf } from "./http.js";
import { adopt, adoptKey, credentials, end, fresh } from "./session.js";
import { badge, busy, button, card, empty, errorBox, heading, toast } from "./ui.js";

const credentialNames = ["session", "auth_key"]; // the console adds these itself
const emptiable = ["user/update", "user/permissions"]; // where an empty value empties a field
const maxShown = 1 << 20; // characters of an answer

const pathOf = (node) => `#/nodes/${encodeURIComponent(node.path)}`;

export function nodesView(root, path) {
  const node = find(path);
  root.append(el("div", { class: node ? "nodes chosen" : "nodes" }, index(path), node ? nodeForm(node) : intro(path)));
}

function intro(path) {
  return el("div", { class: "node" }, heading("Nodes"),
    empty(path ? `There is no node ${path}.` : "Choose a node: it can be called as a program would call it, and shows the answer as it came."));
}

function index(path) {
  const id = newId();
  const list = el("div", { class: "index" });
  const box = el("input", { id, type: "search", name: "filter", placeholder: "Find a node", autocomplete: "off", oninput: () => show() });
  const show = () => {
    const wanted = all().filter((n) => n.path.includes(box.value.trim()) || n.about.toLowerCase().includes(box.value.trim().toLowerCase()));
    const groups = [...new Set(wanted.map((n) => n.group))];
    fill(list, groups.length === 0 && empty("No node matches."), groups.map((g) => el("section", null, el("h2", null, g),
      el("ul", null, wanted.filter((n) => n.group === g).map((n) => el("li", { class: may(n.path) ? "" : "barred" },
        Object.assign(link(pathOf(n), n.path.split("/")[1]), { title: n.about, ariaCurrent: n.path === path ? "page" : null })))))));
  };
  show();
  return el("aside", { class: "node-index", "aria-label": "All nodes" }, el("label", { for: id, class: "hidden" }, "Find a node"), box, list);
}

function nodeForm(node) {
  const result = el("div", { class: "result" });
  const line = el("pre", { class: "curl", tabindex: "0", role: "region", "aria-label": "The call for curl" });
  const own = node.parameters.filter((p) => !credentialNames.includes(p.name));
  const submit = el("button", { type: "submit", class: "primary" }, "Send");
  const method = labelled({ name: "_method", type: "select", label: "Method", options: ["POST", "GET"] });
  const form = el("form", { class: "node-form", "data-node": node.path, novalidate: true,
    oninput: () => fill(line, curl(node, form)),
    onsubmit: (event) => {
      event.preventDefault();
      busy(submit, () => run(node, form, result));
    } },
  own.length === 0 ? empty("This node has no parameters of its own.") : own.map((p) => parameter(node, p)),
  el("div", { class: "send" }, method, submit));
  fill(line, curl(node, form));
  return el("div", { class: "node" },
    el("p", { class: "back" }, link("#/nodes", "‹ Nodes")),
    heading(node.path, [], el("p", { class: "below" }, node.about,
      badge(node.needs ? `needs: ${node.needs}` : "needs no login"), node.changes && badge("changes something", "warn"),
      !may(node.path) && badge("not allowed to you", "warn"))),
    card("Parameters", [], node.parameters.some((p) => p.name === "auth_key") && el("p", { class: "hint" }, "The console adds session and auth_key."), form),
    card("The same call by curl", button("Copy", async () => {
      await navigator.clipboard.writeText(line.textContent);
      toast("The line is in the clipboard.");
    }, "small"), el("p", { class: "hint" }, "Secrets are variables of the shell; hermes.cookies is the file of the login's cookie."), line),
    result);
}

// parameter makes the field of a parameter.
function parameter(node, p) {
  const field = { name: p.name, label: p.name, hint: p.about, required: p.required };
  if (p.schema.enum) Object.assign(field, { type: "select", options: [["", "–"], ...p.schema.enum] });
  else if (p.secret) field.type = "password";
  else if (p.schema.type === "integer") Object.assign(field, { type: "number", min: p.schema.minimum });
  const box = labelled(field);
  if (emptiable.includes(node.path) && !["user", "username", "domain", "dry_run", "idempotency_key"].includes(p.name)) {
    box.append(labelled({ name: `_empty_${p.name}`, type: "check", label: `send ${p.name} even if empty` }));
  }
  return box;
}

// parameters returns the parameters that the form has, in their order.
function parameters(node, form) {
  const found = {};
  for (const { name } of node.parameters) {
    const value = form.elements[name]?.value;
    if (value || form.elements[`_empty_${name}`]?.checked) found[name] = value;
  }
  return found;
}

// own returns the credentials that a node has parameters for.
function own(node) {
  const known = credentials();
  return Object.fromEntries(credentialNames.filter((name) => node.parameters.some((p) => p.name === name)).map((name) => [name, known[name]]));
}

async function run(node, form, result) {
  await fresh();
  const method = form.elements._method.value;
  const abort = new AbortController();
  const begun = performance.now();
  try {
    const res = await send(node.path, { ...parameters(node, form), ...own(node) }, method, abort.signal);
    const [text, cut] = await readText(res, abort);
    const took = performance.now() - begun;
    fill(result, answerCard(res, took, text, cut));
    if (!cut) follow(node, text);
  } catch (err) {
    fill(result, errorBox(err));
  }
}

// readText reads an answer up to maxShown characters, and reports whether there is more.
async function readText(res, abort) {
  const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return [text, false];
    text += value;
    if (text.length > maxShown) {
      abort.abort();
      return [text.slice(0, maxShown), true];
    }
  }
}

function answerCard(res, took, text, cut) {
  const box = el("pre", { class: "answer", tabindex: "0", role: "region", "aria-label": "The answer" }, text);
  const change = button("Indent", () => {
    box.textContent = box.textContent === text ? indented(text) : text;
    change.textContent = box.textContent === text ? "Indent" : "As it came";
  }, "small");
  return card("Answer", [badge(`HTTP ${res.status}`, res.ok ? "good" : "warn"), badge(`${took.toFixed(0)} ms`), change],
    cut && el("p", { class: "note" }, "The answer is longer: only its beginning is shown. Use limit."), box);
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// follow does what a call means for the session of the console itself.
function follow(node, text) {
  let answer = {};
  try {
    answer = JSON.parse(text);
  } catch {
    return;
  }
  if (node.path === "auth/ping" && answer.response === "pong") adoptKey(answer.auth_key);
  if (answer.response !== "ok") return;
  if (node.path === "auth/login") {
    adopt(answer);
    toast("The console goes on with the new session. Reload the page to see what it may do.");
  }
  if (node.path === "auth/logout") end(`You have logged out: the server answered ${text}`);
}

// curl writes the call as a line for a shell. Secrets are variables.
function curl(node, form) {
  const method = form.elements._method.value;
  const words = ["curl -sS"];
  if (node.path === "auth/login") words.push("-c hermes.cookies");
  else if (node.needs || node.path === "auth/logout") words.push("-b hermes.cookies -c hermes.cookies");
  if (method === "GET") words.push("-G");
  for (const name of Object.keys(own(node))) words.push(`-d "${name}=$${name.toUpperCase()}"`);
  for (const [name, value] of Object.entries(parameters(node, form))) {
    const secret = node.parameters.find((p) => p.name === name).secret;
    words.push("--data-urlencode " + (secret ? `"${name}=$${name.toUpperCase()}"` : quote(`${name}=${value}`)));
  }
  if (method === "POST" && encode({ ...parameters(node, form), ...own(node) }).size === 0) words.push("-d ''");
  return [...words, quote(urlOf(node.path).href)].join(" ");
}

// quote quotes a word for a shell.
function quote(text) {
  return /^[A-Za-z0-9_.\/:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
