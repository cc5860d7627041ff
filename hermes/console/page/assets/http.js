// Sends requests to the API and reads its answers. It knows nothing about sessions.

const base = new URL(document.querySelector('meta[name="hermes-api"]').content, document.baseURI);

// A Refusal is an answer that is no success, or no answer at all (cause "unreachable").
export class Refusal extends Error {
  constructor(answer, status = 0, retryAfter = "") {
    super(words(answer, retryAfter));
    this.response = answer.response;
    this.cause = answer.cause;
    this.answer = answer;
    this.status = status;
  }
}

// words returns what an answer says, as a sentence.
function words(answer, retryAfter) {
  if (answer.response === "error") {
    return `Something went wrong inside Hermes. The server's log says more under the id ${answer.detail}.`;
  }
  if (answer.cause === "throttled") {
    return `Too many failed logins. Try again in ${retryAfter || "a few"} seconds.`;
  }
  return sentence(answer.description || answer.detail || answer.cause || "The answer cannot be read.");
}

function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : first + ".";
}

// encode makes a form of parameters, without those that are undefined or null.
export function encode(params) {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null) form.append(name, value);
  }
  return form;
}

// urlOf returns the URL of a node.
export function urlOf(node) {
  return new URL(node, base);
}

// send sends a call. By POST, which is the default, the parameters are in the body, so that no
// secret is in a URL. It throws a Refusal if there is no answer.
export async function send(node, params, method = "POST", signal = undefined) {
  const url = urlOf(node);
  const init = { method, cache: "no-store", credentials: "same-origin", redirect: "error", signal };
  if (method === "GET") url.search = encode(params);
  else init.body = encode(params);
  try {
    return await fetch(url, init);
  } catch (err) {
    if (err.name === "AbortError") throw err;
    throw new Refusal({ response: "failed", cause: "unreachable", detail: "the server cannot be reached" });
  }
}

// read returns the answer in a response: an object, or the text of the nodes that answer plain
// text. It throws a Refusal if the answer is no success.
export async function read(res) {
  let answer;
  try {
    const text = await res.text();
    if (res.ok && (res.headers.get("Content-Type") || "").startsWith("text/plain")) return text;
    answer = JSON.parse(text);
  } catch {
    throw new Refusal({ response: "failed", cause: "unreachable", detail: `the server's answer (HTTP ${res.status}) cannot be read` }, res.status);
  }
  // A list without response, which comes last, was cut off.
  if (answer.response === "ok" || answer.response === "pong") return answer;
  throw new Refusal(answer, res.status, res.headers.get("Retry-After"));
}
