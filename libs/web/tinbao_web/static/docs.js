"use strict";
const viewer = document.getElementById("swagger-ui");
SwaggerUIBundle({
  domNode: viewer,
  url: viewer.dataset.openapi,
  // The default asks a host on the internet whether the document is valid.
  validatorUrl: null,
  deepLinking: true,
  layout: "BaseLayout",
});
