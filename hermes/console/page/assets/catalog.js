// Knows the nodes of the API, from openapi.json, and what the principal may do, from auth/whoami.

// What each access level allows; auth/whoami answers the level.
const levels = {
  limited_read: ["read"],
  full_read: ["read", "see secrets"],
  limited_write: ["read", "write"],
  full_write: ["read", "see secrets", "write", "administer"],
};
// A scope never narrows these nodes, which concern the caller alone.
const always = ["auth/ping", "auth/whoami", "auth/update_user"];

let nodes = []; // in the order of the file
let me = {};

// loadNodes reads the description of the API, once.
export async function loadNodes() {
  if (nodes.length > 0) return;
  const res = await fetch("openapi.json");
  if (!res.ok) throw new Error(`The description of the API (openapi.json) cannot be read: HTTP ${res.status}.`);
  const { paths } = await res.json();
  nodes = Object.entries(paths).map(([path, { get }]) => ({
    path: path.slice(1),
    group: get.tags[0],
    about: get.summary,
    needs: get["x-needs"] || "",
    changes: get["x-changes"],
    parameters: get.parameters.map((p) => ({
      name: p.name,
      about: p.description || "",
      required: p.required === true,
      secret: p["x-secret"] === true,
      schema: p.schema,
    })),
  }));
}

// setMe takes the answer of auth/whoami.
export function setMe(whoami) {
  me = whoami;
}

// principal returns the answer of auth/whoami.
export function principal() {
  return me;
}

// isScoped reports whether the principal is narrowed to a part of the world.
export function isScoped() {
  return Boolean(me.domains || me.numbers || me.nodes);
}

// all returns the nodes that the API has.
export function all() {
  return nodes;
}

// find returns a node, or undefined.
export function find(path) {
  return nodes.find((n) => n.path === path);
}

// has reports whether the access level has a capability: read, see secrets, write or administer.
export function has(capability) {
  return capability === "" || (levels[me.access] || []).includes(capability);
}

// may reports whether the level and the scope allow every one of the nodes.
export function may(...paths) {
  return paths.every((path) => {
    const node = find(path);
    return node !== undefined && has(node.needs) && inScope(path);
  });
}

function inScope(path) {
  return !me.nodes || always.includes(path) || me.nodes.some((pattern) => matches(pattern, path));
}

// matches reports whether a pattern matches a path: * is any run of characters, ? is one.
function matches(pattern, path) {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(path);
}
