// The ways in which a page can make a browser send a request. Each is a function of the URL with all
// parameters, the URL without them, and the parameters. Those whose name begins with fetch return a
// promise of the response.
"use strict";

function add(name, properties) {
  const e = Object.assign(document.createElement(name), properties);
  document.body.append(e);
  return e;
}

let frames = 0;

function frame(properties) {
  return add("iframe", { name: "frame" + ++frames, ...properties });
}

function submit(method, enctype, action, parameters) {
  const f = frame({});
  const form = add("form", { method, action, enctype, target: f.name });
  for (const [name, value] of parameters) {
    form.append(Object.assign(document.createElement("input"), { name, value, type: "hidden" }));
  }
  form.submit();
}

function click(properties) {
  add("a", { textContent: "x", ...properties }).click();
}

const kinds = {
  image: (url) => add("img", { src: url }),
  script: (url) => add("script", { src: url }),
  style: (url) => add("link", { rel: "stylesheet", href: url }),
  prefetch: (url) => add("link", { rel: "prefetch", href: url }),
  frame: (url) => add("iframe", { src: url }),
  object: (url) => add("object", { data: url }),
  form_get: (url, bare, parameters) => submit("GET", "application/x-www-form-urlencoded", bare, parameters),
  form_post: (url, bare, parameters) => submit("POST", "application/x-www-form-urlencoded", bare, parameters),
  form_post_query: (url) => submit("POST", "application/x-www-form-urlencoded", url, []),
  form_parts: (url, bare, parameters) => submit("POST", "multipart/form-data", bare, parameters),
  form_text: (url, bare, parameters) => submit("POST", "text/plain", bare, parameters),
  fetch_no_cors: (url) => fetch(url, { mode: "no-cors", credentials: "include" }),
  fetch_no_cors_post: (url, bare, body) => fetch(bare, { mode: "no-cors", credentials: "include", method: "POST", body }),
  fetch_cors: (url) => fetch(url, { mode: "cors", credentials: "include" }),
  fetch_cors_post: (url, bare, body) => fetch(bare, { mode: "cors", credentials: "include", method: "POST", body }),
  fetch_preflight: (url) => fetch(url, { mode: "cors", credentials: "include", headers: { "X-Anything": "1" } }),
  fetch_keepalive: (url, bare, body) => fetch(bare, { mode: "no-cors", credentials: "include", method: "POST", body, keepalive: true }),
  xhr: (url) => {
    const x = new XMLHttpRequest();
    x.open("GET", url);
    x.withCredentials = true;
    x.send();
  },
  beacon: (url, bare, body) => navigator.sendBeacon(bare, body),
  websocket: (url) => new WebSocket(url.replace(/^http/, "ws")),
  events: (url) => new EventSource(url, { withCredentials: true }),
  link: (url) => click({ href: url, target: frame({}).name }),
  link_window: (url) => click({ href: url, target: "_blank" }),
  link_no_referrer: (url) => click({ href: url, target: "_blank", rel: "noopener noreferrer" }),
  link_ping: (url) => click({ href: "/kinds.js", ping: url, target: frame({}).name }),
  window: (url) => window.open(url),
  refresh: (url) => frame({ srcdoc: `<meta http-equiv="refresh" content="0;url=${url.replaceAll("&", "&amp;")}">` }),
  sandbox: (url) => frame({ sandbox: "allow-scripts allow-forms", srcdoc: `<img src="${url.replaceAll("&", "&amp;")}">` }),
  redirected: (url) => add("img", { src: "/redirect?to=" + encodeURIComponent(url) }),
  fetch_redirected: (url) => fetch("/redirect?to=" + encodeURIComponent(url), { method: "POST", body: new URLSearchParams(), mode: "no-cors", credentials: "include" }),
};

// sendAll sends a request of every kind, each of which adds a user of its own, waits until all have
// arrived, and returns the answers that scripts could read. The tag is the name of the page's origin.
async function sendAll(target, tag, session, authKey) {
  const responses = {};
  for (const [kind, send] of Object.entries(kinds)) {
    const bare = `${target}/api/user/add?_=${tag}.${kind}`;
    const parameters = new URLSearchParams({ user: `${tag}.${kind}@example.com`, session, auth_key: authKey });
    // A form with GET replaces the query of its action.
    const fields = kind === "form_get" ? new URLSearchParams([["_", `${tag}.${kind}`], ...parameters]) : parameters;
    const response = send(`${bare}&${parameters}`, bare, fields);
    if (kind.startsWith("fetch")) responses[kind] = response;
  }
  const seen = {};
  for (const [kind, response] of Object.entries(responses)) {
    seen[kind] = await response.then((r) => r.text(), () => "");
  }
  await fetch("/wait?" + new URLSearchParams({ origin: tag, kinds: Object.keys(kinds) }));
  return seen;
}

// sendReport sends the answers that scripts could read to the test.
function sendReport(report) {
  return fetch("/report", { method: "POST", body: JSON.stringify(report) });
}
