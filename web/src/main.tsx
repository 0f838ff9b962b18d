import { render } from "preact";
import { App } from "./app.tsx";
import "./styles/base.css";
import "./styles/forms.css";
import "./styles/stage.css";
import "./styles/screens.css";
import { Speaking } from "./words/words.tsx";

const place = document.getElementById("app");
if (place) {
  render(
    <Speaking>
      <App />
    </Speaking>,
    place,
  );
}
