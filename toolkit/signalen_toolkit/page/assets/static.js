// The page for who starts where no server of ours runs: checks what the schema can, and makes antwoorden.yaml.
"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const form = document.querySelector("form");
const summary = document.querySelector("[data-problems]");
const KEPT = "signalen-antwoorden";
const FORMATS = {
  email: /^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/,
  uri: /^https?:\/\/[^\s/]+\.?[^\s]*$/,
  hostname: /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$/,
};
const CODE = "/municipality/code";

const given = (name) => (form.elements[name]?.value ?? "").trim();
const asked = (one) => Object.entries(one.when || {}).every(([name, value]) => given(name) === value);
const fold = (text) => text.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, " ").trim();

function municipality(text) {
  const wanted = fold(text);
  const found = facts.municipalities.filter((names) => names.some((name) => fold(name) === wanted));
  return found.length === 1 ? found[0][0] : "";
}

function values(one) {
  const text = given(one.name);
  return one.list ? text.split("\n").map((line) => line.trim()).filter(Boolean) : text ? [text] : [];
}

function wrong(one) {
  if (!asked(one)) return "";
  const all = values(one);
  const say = (key, more = {}) => Object.entries({ title: one.title, meant: one.meant, ...more }).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), facts.words[key]);
  if (!all.length) return one.required ? say("missing") : "";
  if (one.name === CODE) return municipality(all[0]) ? "" : say("unknown", { value: all[0] });
  for (const value of all) {
    if (one.least && value.length < one.least) return say("short", { limit: one.least });
    if (one.most && value.length > one.most) return say("long", { limit: one.most });
    const fits = (!one.pattern || new RegExp(one.pattern, "u").test(value)) && (!FORMATS[one.format] || FORMATS[one.format].test(value));
    if (!fits) return say("pattern", { value });
  }
  return "";
}

function show(one) {
  const said = wrong(one);
  const box = document.getElementById(`${one.id}-wrong`);
  const field = box.closest("[data-question]");
  box.replaceChildren();
  if (said) {
    const line = document.createElement("p");
    line.className = "error";
    line.textContent = said;
    box.append(line);
  }
  field.classList.toggle("field--said", Boolean(said));
  const input = document.getElementById(one.id);
  if (said) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  return said;
}

function follow() {
  for (const one of facts.questions) form.querySelector(`[data-question="${CSS.escape(one.name)}"]`).hidden = !asked(one);
}

// YAML that any reader reads alike: every text between double quotes, as JSON has it.
function yaml() {
  const tree = {};
  const put = (path, value) => {
    let here = tree;
    for (const part of path.slice(0, -1)) here = here[part] ??= {};
    here[path.at(-1)] = value;
  };
  for (const one of facts.questions) {
    const all = values(one);
    if (!asked(one) || !all.length) continue;
    put(one.path, one.list ? all : one.name === CODE ? municipality(all[0]) : one.switch ? all[0] === "true" : all[0]);
  }
  if (tree.dex?.connectors) tree.dex.connectors = [{ type: "microsoft", name: "Entra ID", ...tree.dex.connectors[0] }];
  const lines = (value, indent) => {
    if (Array.isArray(value) || typeof value !== "object") return ` ${JSON.stringify(value)}\n`;
    return "\n" + Object.entries(value).map(([key, inner]) => `${indent}${key}:${lines(inner, `${indent}  `)}`).join("");
  };
  return `apiVersion: signalen.org/v1${lines(tree, "")}`;
}

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify(facts.questions.map((one) => [one.name, given(one.name)])));
  } catch {} // a browser that keeps nothing
}

function restore() {
  try {
    for (const [name, value] of JSON.parse(localStorage.getItem(KEPT) || "[]")) if (form.elements[name] && value) form.elements[name].value = value;
  } catch {}
}

function check() {
  const found = facts.questions.map((one) => [one, show(one)]).filter(([, said]) => said);
  const list = summary.querySelector("ul");
  list.replaceChildren(
    ...found.map(([one, said]) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#${one.id}`;
      link.textContent = said;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        const target = document.getElementById(one.id);
        (target.matches("fieldset") ? target.querySelector("input") : target).focus();
      });
      item.append(link);
      return item;
    }),
  );
  summary.hidden = !found.length;
  if (found.length) summary.focus();
  return !found.length;
}

form.addEventListener("change", () => {
  follow();
  keep();
});
form.addEventListener("focusout", (event) => {
  const one = facts.questions.find((question) => question.name === event.target.name);
  if (one && given(one.name)) show(one);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!check()) return;
  const status = form.querySelector("[data-status]");
  const button = event.submitter;
  if (button?.value === "mail") {
    const subject = encodeURIComponent(facts.words.subject);
    location.href = `mailto:${encodeURIComponent(button.dataset.mail)}?subject=${subject}&body=${encodeURIComponent(yaml())}`;
  } else {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([yaml()], { type: "application/yaml" }));
    link.download = "antwoorden.yaml";
    link.click();
    URL.revokeObjectURL(link.href);
  }
  status.textContent = status.dataset.done;
});
restore();
follow();
