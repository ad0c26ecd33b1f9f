// Draws the preview of what is being filled in: the server makes it, and colours are set here, since a page has no styles.
export function draw(html) {
  const now = document.querySelector("[data-preview]");
  if (!html) return;
  const page = new DOMParser().parseFromString(html, "text/html");
  const next = page.querySelector("[data-preview]");
  if (!next) return;
  if (now) now.replaceWith(next);
  else document.querySelector("[data-preview-place]")?.append(next);
  color(next);
}

export function color(preview) {
  const look = preview?.querySelector("[data-look]");
  if (!look) return;
  for (const [name, value] of Object.entries(JSON.parse(look.dataset.look))) look.style.setProperty(`--look-${name}`, value);
}
