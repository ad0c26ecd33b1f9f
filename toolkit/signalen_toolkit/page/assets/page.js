// Everything works without this. With it, a page is checked while somebody types, and follows what is chosen.
import { check } from "./check.js";
import { colors } from "./color.js";
import { crop } from "./crop.js";
import { focus } from "./focus.js";
import { follow } from "./follow.js";
import { color } from "./preview.js";

const begin = () => {
  color(document.querySelector("[data-preview]"));
  colors();
  crop();
  focus();
  check();
  follow(begin);
};
begin();
