// Calls nodes within the session.

import { Refusal, read, send } from "./http.js";
import { find } from "./catalog.js";
import { credentials, end, fresh, isRenewed } from "./session.js";

// At these nodes unauthorized is about a password, not about the session.
const aboutPasswords = ["auth/login", "auth/logout", "auth/update_user"];

// call calls a node and returns its answer: an object, or a text. It throws a Refusal. A call that
// changes something is made again, once, if its answer is lost; the idempotency_key lets it happen
// only once.
export async function call(node, params = {}) {
  const guarded = find(node)?.parameters.some((p) => p.name === "idempotency_key") && params.dry_run !== "true";
  if (!guarded) return within(node, params);
  const repeatable = { ...params, idempotency_key: randomKey() };
  try {
    return await within(node, repeatable);
  } catch (err) {
    if (err.cause !== "unreachable") throw err;
    return within(node, repeatable);
  }
}

// randomKey returns 32 random hexadecimal digits.
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// within calls a node with the credentials of the session, and ends the session if they are
// refused for good.
export async function within(node, params) {
  await fresh();
  const used = credentials();
  try {
    return await read(await send(node, { ...params, ...used }));
  } catch (err) {
    if (err.cause !== "unauthorized" || aboutPasswords.includes(node)) throw err;
    if (await isRenewed(used.auth_key)) return read(await send(node, { ...params, ...credentials() }));
    end("Your session has ended. Please log in again.");
    throw err;
  }
}

// optional calls a node whose refusal is no failure of the view: it returns [answer, null] or
// [null, refusal].
export async function optional(node, params) {
  try {
    return [await call(node, params), null];
  } catch (err) {
    if (err instanceof Refusal && err.cause !== "unauthorized") return [null, err];
    throw err;
  }
}

// inBatches calls f for every item, four at a time, which leaves the principal's places to others.
export async function inBatches(items, f) {
  const rest = items.values();
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (const item of rest) await f(item);
  }));
}
