// The menu at a wallet: arrow keys, Enter and Escape as in any menu.
"use strict";

export class Menu {
  constructor(element) {
    this.element = element;
    element.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("pointerdown", (event) => { if (!element.contains(event.target)) this.close(); });
  }

  get isOpen() { return !this.element.hidden; }

  // `actions` are [text, key or "", function, or null where it cannot be done now].
  open(title, actions, at, opener) {
    this.opener = opener;
    this.element.replaceChildren();
    this.element.setAttribute("aria-label", title);
    for (const [text, key, act] of actions) {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "menuitem");
      button.tabIndex = -1;
      button.append(text);
      if (key) { const hint = document.createElement("kbd"); hint.textContent = key; hint.setAttribute("aria-hidden", "true"); button.append(hint); }
      button.setAttribute("aria-disabled", String(act === null));
      if (act) button.addEventListener("click", () => { this.close(true); act(); });
      this.element.append(button);
    }
    this.element.hidden = false;
    const stage = this.element.offsetParent.getBoundingClientRect();
    const { width, height } = this.element.getBoundingClientRect();
    this.element.style.left = `${Math.max(4, Math.min(at.x - stage.x, stage.width - width - 4))}px`;
    this.element.style.top = `${Math.max(4, Math.min(at.y - stage.y, stage.height - height - 4))}px`;
    this.element.querySelector("button").focus({ preventScroll: true });
  }

  close(giveBack = false) {
    if (!this.isOpen) return;
    this.element.hidden = true;
    if (giveBack) this.opener?.focus({ preventScroll: true });
  }

  key(event) {
    const buttons = [...this.element.querySelectorAll("button")];
    const place = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); buttons.at(to % buttons.length).focus({ preventScroll: true }); }
    if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); this.close(true); }
    event.stopPropagation();
  }
}
