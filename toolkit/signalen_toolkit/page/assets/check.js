import { draw } from "./preview.js";

// Sends a page to be checked: shortly after a key, at once on leaving a field. Only fields that were touched are marked.
const WAIT = 250;

export function check() {
  const form = document.querySelector("form[data-check]");
  if (!form || form.dataset.checking) return;
  form.dataset.checking = "yes";
  const touched = new Set();
  let timer, running;

  const ask = async () => {
    running?.abort();
    running = new AbortController();
    const data = new FormData(form);
    for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
    data.set("page", form.dataset.check);
    try {
      const answer = await fetch("/check", {
        method: "POST",
        body: new URLSearchParams(data),
        headers: { "X-CSRF-Token": data.get("csrf") },
        signal: running.signal,
      });
      if (!answer.ok) return;
      const { said, preview } = await answer.json();
      show(said);
      draw(preview);
    } catch (error) {
      if (error.name !== "AbortError") console.warn(error);
    }
  };

  const show = (said) => {
    for (const field of touched) {
      const box = document.getElementById(`${field}-wrong`);
      if (!box) continue;
      const problems = said[field] || [];
      box.replaceChildren(...problems.map(paragraph));
      const wrong = problems.some((one) => one.severity === "error");
      const input = document.getElementById(field);
      input?.toggleAttribute("aria-invalid", false);
      if (wrong) input?.setAttribute("aria-invalid", "true");
      box.closest(".field, .group, .item")?.classList.toggle("field--said", problems.length > 0);
    }
  };

  const paragraph = (one) => {
    const line = document.createElement("p");
    line.className = one.severity;
    const word = document.createElement("strong");
    word.textContent = one.word;
    line.append(word, ` ${one.message} ${one.hint}`);
    return line;
  };

  const touch = (target) => {
    const box = target.closest("[id]");
    if (target.id) touched.add(target.id);
    if (target.type === "radio") touched.add(target.closest("fieldset")?.id);
    return box;
  };
  form.addEventListener("input", (event) => {
    touch(event.target);
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  form.addEventListener("focusout", (event) => {
    if (!event.target.matches("input, select, textarea") || !touched.has(event.target.id)) return;
    clearTimeout(timer);
    ask();
  });
  for (const box of form.querySelectorAll(".wrongs")) box.setAttribute("aria-live", "polite");
}
