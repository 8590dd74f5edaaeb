// Undo and redo are the browser's back and forward: every change is an address of its own.
"use strict";
import { decode, encode } from "./state.js";

export class Steps {
  constructor(onState, onFault) {
    this.last = 0;
    this.onState = onState;
    addEventListener("popstate", async (event) => {
      try { await onState(event.state?.picture ?? await Steps.fromAddress(), event.state?.message); } catch (error) { onFault(error); }
    });
  }

  static async fromAddress() {
    const text = new URLSearchParams(location.hash.slice(1)).get("s");
    return text === null ? null : decode(text);
  }

  get place() { return history.state?.place ?? 0; }

  get canUndo() { return this.place > 0; }

  get canRedo() { return this.place < Math.max(this.last, history.state?.last ?? 0); }

  async record(picture, message, replace = false) {
    const address = `${location.pathname}${location.search}#s=${await encode(picture)}`;
    const place = replace ? this.place : this.place + 1;
    this.last = replace ? Math.max(this.last, place) : place;
    history[replace ? "replaceState" : "pushState"]({ picture, message, place }, "", address);
  }
}
