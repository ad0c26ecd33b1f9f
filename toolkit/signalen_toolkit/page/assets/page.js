// Everything works without this. With it, a page is checked while somebody types, and follows what is chosen.
import { check } from "./check.js";
import { follow } from "./follow.js";
import { focus } from "./focus.js";

const begin = () => {
  focus();
  check();
  follow(begin);
};
begin();
