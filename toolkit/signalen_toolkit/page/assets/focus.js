// Moves the focus to the summary of what is wrong, and from its links into the fields.
export function focus() {
  const summary = document.querySelector("[data-summary]");
  if (summary) summary.focus();
  for (const link of document.querySelectorAll("[data-summary] a[href^='#']")) {
    link.addEventListener("click", (event) => {
      const target = document.getElementById(link.hash.slice(1));
      if (!target) return;
      event.preventDefault();
      const input = target.matches("input, select, textarea") ? target : target.querySelector("input:not([type=hidden]), select, textarea");
      (input || target).focus();
      (input || target).scrollIntoView({ block: "center" });
    });
  }
}
