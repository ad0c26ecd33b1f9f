// Cuts a chosen picture to the size of its icon; what comes out takes the place of the file that was chosen.
const SIZES = { favicon: 32, iosIcon: 180, androidIcon: 192 };
const MOVES = [["zoom", 1, 4, 0.01, 1], ["x", -0.5, 0.5, 0.01, 0], ["y", -0.5, 0.5, 0.01, 0]];

export function crop() {
  for (const input of document.querySelectorAll("input[type=file][data-image]")) {
    const side = SIZES[input.dataset.image];
    if (side) input.addEventListener("change", () => begin(input, side));
  }
}

async function begin(input, side) {
  const file = input.files[0];
  if (!file || input.dataset.cropped === file.name) return;
  const picture = await load(file);
  if (!picture) return;
  const place = input.parentElement;
  place.querySelector(".cropper")?.remove();
  const words = document.querySelector("[data-words]").dataset;
  const box = document.createElement("fieldset");
  box.className = "cropper group";
  const legend = document.createElement("legend");
  legend.textContent = words.crop;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.cropResult);
  box.append(legend, canvas);
  const at = {};
  const paint = () => {
    const context = canvas.getContext("2d");
    const least = Math.min(picture.width, picture.height) / at.zoom;
    const left = (picture.width - least) * (0.5 + at.x), top = (picture.height - least) * (0.5 + at.y);
    context.clearRect(0, 0, side, side);
    context.drawImage(picture, left, top, least, least, 0, 0, side, side);
    canvas.toBlob((blob) => {
      const cut = new File([blob], `${input.dataset.image}.png`, { type: "image/png" });
      const files = new DataTransfer();
      files.items.add(cut);
      input.dataset.cropped = cut.name;
      input.files = files.files;
    }, "image/png");
  };
  for (const [name, least, most, step, value] of MOVES) {
    const label = document.createElement("label");
    label.textContent = words[`crop${name[0].toUpperCase()}${name.slice(1)}`];
    const range = Object.assign(document.createElement("input"), { type: "range", min: least, max: most, step, value });
    at[name] = value;
    range.addEventListener("input", () => {
      at[name] = Number(range.value);
      paint();
    });
    label.append(range);
    box.append(label);
  }
  input.after(box);
  paint();
}

async function load(file) {
  const address = URL.createObjectURL(file);
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    return picture.width && picture.height ? picture : null;
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(address);
  }
}
