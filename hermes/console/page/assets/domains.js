// The view of domains.

import { call, inBatches, optional } from "./api.js";
import { may } from "./catalog.js";
import { ask } from "./dialog.js";
import { el } from "./dom.js";
import { refresh } from "./router.js";
import { button, card, empty, facts, heading, secret, toast } from "./ui.js";

export async function domainsView(root) {
  const { list } = await call("domain/list");
  const rows = list.map((domain) => ({ domain, servers: null }));
  if (may("domain/get_servers")) {
    await inBatches(rows, async (row) => {
      const [answer, refusal] = await optional("domain/get_servers", { domain: row.domain });
      Object.assign(row, { servers: answer?.servers, refusal });
    });
  }
  root.append(heading("Domains", may("domain/set_servers") && button("Set the servers of another domain", () => setServers()),
    el("p", { class: "below muted" }, "The domains that Kamailio serves, with the servers that new users of each get.")));
  root.append(rows.length === 0 ? empty("Kamailio serves no domain that you may see. Its administrator adds domains.")
    : el("div", { class: "tiles" }, rows.map(domainCard)));
}

function domainCard({ domain, servers, refusal }) {
  return card(domain, [
    may("domain/set_servers") && button(servers ? "Edit" : "Set the servers", () => setServers(domain, servers), servers ? "small" : "small primary"),
    servers && may("domain/prov_key") && button("Provisioning address", () => provisioning(domain), "small"),
  ], servers ? facts([
    ["Registrar", `${servers.registrar}:${servers.r_port}`],
    ["Proxy", `${servers.proxy}:${servers.p_port}`],
    ["Phones get their files below", servers.prov_url],
  ]) : empty(refusal && refusal.cause !== "nonexistant" ? refusal.message : "No servers are set: no user can be added."));
}

function setServers(domain = "", servers = {}) {
  ask({
    title: domain ? `Servers of ${domain}` : "Set the servers of a domain",
    about: "New users get these servers. Those of the users who are there stay as they are.",
    fields: [
      !domain && { name: "domain", label: "Domain", required: true, autocapitalize: "none" },
      { name: "registrar", label: "Registrar", value: servers?.registrar || domain, required: true },
      { name: "r_port", type: "number", label: "Registrar's port", value: String(servers?.r_port || 5060), min: 1, max: 65535, required: true },
      { name: "proxy", label: "Proxy", value: servers?.proxy || domain, required: true },
      { name: "p_port", type: "number", label: "Proxy's port", value: String(servers?.p_port || 5060), min: 1, max: 65535, required: true },
      { name: "prov_url", type: "url", label: "Provisioning address", value: servers?.prov_url || new URL("/prov", location.href).href, required: true,
        hint: "Where phones reach the path /prov of this server." },
    ].filter(Boolean),
    action: "Save",
    submit: async (form) => {
      await call("domain/set_servers", domain ? { domain, ...form } : form);
      toast(`The servers of ${domain || form.domain} are set.`);
      refresh();
    },
  });
}

function provisioning(domain) {
  ask({
    title: `Provisioning address of ${domain}`,
    about: "New phones of this domain get their files here. The address has a key, so treat it as a secret. It is made at the first time.",
    fields: [{ name: "rotate", type: "check", label: "Make a new key", hint: "The key before serves on until the next one is made." }],
    action: "Show the address",
    submit: async ({ rotate }) => {
      const { url } = await call("domain/prov_key", { domain, rotate: rotate ? "true" : null });
      return el("p", null, secret("address", url, true));
    },
  });
}
