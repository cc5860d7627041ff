// Makes elements. Every text becomes a text node, so markup in data shows as text.

// el makes an element. Properties beginning with "on" are listeners, true and false set and leave
// out an attribute, and everything else is an attribute. Children are nodes, texts and lists of
// them; null, undefined and false are left out.
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  add(node, children);
  return node;
}

// add appends children as el does.
export function add(node, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

// fill replaces the content of an element.
export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, ...children);
}

let ids = 0;

// newId returns an id that no other element has.
export function newId() {
  ids += 1;
  return `id-${ids}`;
}

// link makes a link to a view of the console.
export function link(path, text) {
  return el("a", { href: path }, text);
}

// userPath and phonePath are the addresses of these views.
export const userPath = (user) => `#/users/${encodeURIComponent(user)}`;
export const phonePath = (mac) => `#/phones/${encodeURIComponent(mac)}`;

// macText writes a MAC address with colons.
export function macText(mac) {
  return mac.replace(/(..)(?=.)/g, "$1:");
}

const steps = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// ago makes a time such as "5 minutes ago", with the exact one as its title.
export function ago(text) {
  if (!text) return "never";
  const seconds = (new Date(text) - Date.now()) / 1000;
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) || ["second", 1];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
  return el("time", { datetime: text, title: exact(text) }, words);
}

// when makes an exact time.
export function when(text) {
  return text ? el("time", { datetime: text, title: text }, exact(text)) : "never";
}

function exact(text) {
  const two = (n) => String(n).padStart(2, "0");
  const d = new Date(text);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
