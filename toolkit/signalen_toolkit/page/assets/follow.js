// A choice that other questions depend on is sent at once, and the page comes back with these.
export function follow(again) {
  const form = document.querySelector("form[data-check]");
  const button = form?.querySelector("[data-refresh]");
  if (!button) return;
  button.hidden = true;
  for (const input of form.querySelectorAll("[data-controls]")) {
    input.addEventListener("change", async () => {
      const data = new FormData(form);
      data.set("do", "refresh");
      const answer = await fetch(form.action, { method: "POST", body: data });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const kept = input.id;
      document.querySelector("main").replaceWith(page.querySelector("main"));
      again();
      document.getElementById(kept)?.focus();
    });
  }
}
