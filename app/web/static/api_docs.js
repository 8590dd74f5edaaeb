"use strict";
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
  // The page has a main landmark of its own.
  onComplete: () => document.querySelector("#swagger-ui main")?.setAttribute("role", "presentation"),
});
