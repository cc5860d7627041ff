// Keeps the session of this browser: it logs in and out, renews the auth_key by auth/ping before
// its end, and shares it with the other tabs.
//
// The session and the auth_key are kept in sessionStorage, so that reloading the page does not end
// the work, and leave it with the tab. They are of no use without the cookie, which no script can
// read. A browser has one cookie, so all its tabs share one session: they tell each other of a new
// auth_key and of the end by a BroadcastChannel, and a lock lets one of them ping at a time.

import { read, send } from "./http.js";

const storageName = "hermes-session";
const channel = new BroadcastChannel(storageName);
// The milliseconds that the other tabs have to tell of the session, and of a newer auth_key.
const patience = 100;
const longPatience = 500;
const retryAfter = 5000; // milliseconds until a ping without an answer is sent again

let state = load(); // {session, auth_key, ttl, at}, times in milliseconds; null without a session
let timer = 0;
let pinging = null; // the promise of a ping under way
const listeners = { begin: () => {}, end: () => {} };

function load() {
  try {
    return JSON.parse(sessionStorage.getItem(storageName));
  } catch {
    return null;
  }
}

function keep(next) {
  state = next;
  clearTimeout(timer);
  if (!state) {
    sessionStorage.removeItem(storageName);
    return;
  }
  sessionStorage.setItem(storageName, JSON.stringify(state));
  timer = setTimeout(renew, Math.max(0, state.at + state.ttl / 2 - Date.now()));
}

// onSession sets what is called when another tab has begun a session, and when the session has
// ended, with the reason in words.
export function onSession(begin, end) {
  Object.assign(listeners, { begin, end });
}

// resume takes up the session of this tab or of another one and reports whether there is one.
export async function resume() {
  await ask();
  if (state) keep(state);
  return state !== null;
}

// credentials returns the parameters that name the session.
export function credentials() {
  return state ? { session: state.session, auth_key: state.auth_key } : {};
}

// login opens a session. It throws a Refusal.
export async function login(username, password) {
  adopt(await read(await send("auth/login", { username, password })));
}

// adopt takes the session of an answer of auth/login.
export function adopt(answer) {
  keep({ session: answer.session, auth_key: answer.auth_key, ttl: answer.expires_in * 1000, at: Date.now() });
  channel.postMessage({ kind: "state", state });
}

// adoptKey takes the auth_key of an answer of auth/ping.
export function adoptKey(authKey) {
  keep({ ...state, auth_key: authKey, at: Date.now() });
  channel.postMessage({ kind: "state", state });
}

// logout ends the session on the server and in every tab. The other tabs neither ping nor decide
// about a refused call before they have been told.
export function logout() {
  return inTurn(async () => {
    if (!state) return;
    let reason = "You have logged out.";
    try {
      await read(await send("auth/logout", { session: state.session }));
    } catch {
      reason = "You have logged out here, but the server could not be told. The session there ends within minutes.";
    }
    end(reason);
  });
}

// end forgets the session, in every tab.
export function end(reason) {
  if (!state) return;
  channel.postMessage({ kind: "end", session: state.session, reason });
  keep(null);
  listeners.end(reason);
}

// fresh waits until the auth_key is not about to end.
export async function fresh() {
  if (state && Date.now() > state.at + state.ttl * 0.75) await ping();
}

// isRenewed reports whether another tab has a newer auth_key than the one that was refused. It
// waits for a tab that pings or logs out.
export async function isRenewed(authKey) {
  await inTurn(() => ask(longPatience));
  return state !== null && state.auth_key !== authKey;
}

async function renew() {
  try {
    await ping();
  } catch {
    if (state) timer = setTimeout(renew, retryAfter);
  }
}

// ping renews the auth_key. Only one tab does at a time, and one that comes later takes the key
// that it got. If the answer is lost, the key before may ask again: it gets the same new one.
function ping() {
  pinging ??= inTurn(pingOnce).finally(() => (pinging = null));
  return pinging;
}

// inTurn calls a function while no other tab does. Browsers have locks in secure contexts only,
// which any page is that hermesd serves.
function inTurn(f) {
  return navigator.locks ? navigator.locks.request(storageName, f) : f();
}

async function pingOnce() {
  await ask(longPatience);
  if (!state || Date.now() < state.at + state.ttl / 4) return;
  const { session, auth_key } = state;
  try {
    const answer = await read(await send("auth/ping", { session, auth_key }));
    if (state?.session === session) adoptKey(answer.auth_key);
  } catch (err) {
    if (err.cause !== "unauthorized") throw err;
    if (state?.session === session) end("Your session has ended. Please log in again.");
  }
}

// ask asks the other tabs for the state, and waits a moment for one that is newer, or for the end.
function ask(wait = patience) {
  channel.postMessage({ kind: "ask" });
  return new Promise((done) => {
    const stop = () => {
      channel.removeEventListener("message", check);
      done();
    };
    const before = state?.at ?? 0;
    const check = () => (state?.at ?? 0) !== before && stop();
    channel.addEventListener("message", check);
    setTimeout(stop, wait);
  });
}

channel.addEventListener("message", ({ data }) => {
  if (data.kind === "ask" && state) {
    channel.postMessage({ kind: "state", state });
  } else if (data.kind === "state" && data.state.at > (state?.at ?? 0)) {
    const begins = data.state.session !== state?.session;
    keep(data.state);
    if (begins) listeners.begin();
  } else if (data.kind === "end" && data.session === state?.session) {
    keep(null);
    listeners.end(data.reason);
  }
});

// A tab that was asleep may have missed what the others did, and its timer.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state && Date.now() > state.at + state.ttl / 2) renew();
});
