import { render } from "preact";
import { Reference } from "./reference/reference.tsx";
import "./styles/base.css";
import "./styles/forms.css";
import "./styles/stage.css";
import "./styles/reference.css";
import { Speaking } from "./words/words.tsx";

const place = document.getElementById("app");
if (place) {
  render(
    <Speaking>
      <Reference />
    </Speaking>,
    place,
  );
}
