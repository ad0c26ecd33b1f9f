// Beside the text of a colour, the browser's own picker.
export function colors() {
  for (const input of document.querySelectorAll("[data-color]")) {
    const picker = document.createElement("input");
    picker.type = "color";
    picker.setAttribute("aria-label", document.querySelector(`label[for="${input.id}"]`).textContent.trim());
    const swatch = input.parentElement.querySelector(".swatch");
    const shown = () => (/^#[0-9a-f]{6}$/i.test(input.value) ? input.value : swatch?.querySelector("rect").getAttribute("fill"));
    if (/^#[0-9a-f]{6}$/i.test(shown() || "")) picker.value = shown();
    picker.addEventListener("input", () => {
      input.value = picker.value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    input.addEventListener("input", () => {
      if (/^#[0-9a-f]{6}$/i.test(input.value)) picker.value = input.value;
    });
    if (swatch) swatch.replaceWith(picker);
  }
}
